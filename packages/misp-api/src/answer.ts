import { isFields, type Redact } from "@tb/misp-core";

/** An answer from MISP that is JSON, whatever it says. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  /** What it says in words, without secrets; empty when it says nothing. */
  readonly said: string;
  /** When the request was made, in milliseconds since the epoch: what it shows counts as observed then. */
  readonly requestedAtMs: number;
}

/**
 * What MISP says in words, from the several shapes in which it says no: `message` or `name` of an exception, `errors` of a
 * failed save. They are escaped for HTML (read in its code), which is undone. Empty when it says nothing.
 */
export function describeAnswer(body: unknown, redact: Redact): string {
  if (!isFields(body)) return "";
  const { message, name, errors } = body;
  const texts = [message ?? name, errors]
    .filter((part) => part !== undefined && part !== null && part !== "")
    .map((part) => (typeof part === "string" ? part : JSON.stringify(part)));
  return excerpt(unescapeHtml(texts.join(": ")), redact);
}

const entities: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#039;": "'",
  "&#39;": "'",
  "&amp;": "&",
};

function unescapeHtml(text: string): string {
  return text.replace(/&(?:lt|gt|quot|#0?39|amp);/g, (entity) => entities[entity] ?? entity);
}

const longest = 500;

/** A text from outside for a log line: without secrets, on one line, without control characters, of bounded length. */
function excerpt(text: string, redact: Redact): string {
  // Secrets first: half of one, left over by cutting, would not be found.
  const plain = redact(text)
    .slice(0, longest * 4)
    .replace(/[\s\p{Cc}\p{Cs}]+/gu, " ")
    .trim();
  return plain.length > longest ? `${plain.slice(0, longest)}…` : plain;
}
