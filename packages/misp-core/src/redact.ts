/** Takes secrets out of a text that is shown to people. */
export type Redact = (text: string) => string;

/** Replaces each secret by `***`, also where JSON or a URL has escaped it, which has half of a surrogate pair as U+FFFD. Empty ones are none. */
export function createRedact(secrets: readonly string[]): Redact {
  const forms = new Set(
    secrets
      .filter((secret) => secret !== "")
      .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed())]),
  );
  // A secret may be part of another: the longest first.
  const ordered = [...forms].sort((a, b) => b.length - a.length);
  return (text) => ordered.reduce((redacted, secret) => redacted.replaceAll(secret, "***"), text);
}
