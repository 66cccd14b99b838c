import type { ConfigFile } from "./schema.ts";

/** Names of librdkafka's properties that hold secrets. */
const secretProperty = /password|secret|token|sasl\.jaas|\.pem$|oauthbearer\.config/i;
/** Shorter ones would tear every text apart, and are no secrets. */
const minSecretLength = 3;

/** Every secret in the configuration: passwords, keys, and user information in URLs. */
export function collectSecrets(misp: NonNullable<ConfigFile["plugins"]["misp"]>): readonly string[] {
  const { api, zmq, kafka } = misp;
  const found = [
    api?.key,
    zmq?.password,
    ...userInformation(api?.host),
    ...userInformation(api?.proxy),
    ...Object.entries(kafka?.config ?? {}).flatMap(([name, value]) =>
      secretProperty.test(name) ? [String(value)] : [],
    ),
  ];
  return found.filter((secret) => secret !== undefined && secret.length >= minSecretLength) as string[];
}

/** `user:password` of a URL, and both alone, as written and decoded. */
function userInformation(url: string | undefined): readonly string[] {
  if (url === undefined || !URL.canParse(url)) return [];
  const { username, password } = new URL(url);
  return password === "" ? [] : [`${username}:${password}`, password, decodeURIComponent(password)];
}

/** Replaces every secret in a text by `***`, also where JSON has escaped it. */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const forms = new Set(
    secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]),
  );
  // A secret may be part of another: the longest first.
  const ordered = [...forms].sort((a, b) => b.length - a.length);
  return (text) => ordered.reduce((redacted, secret) => redacted.replaceAll(secret, "***"), text);
}
