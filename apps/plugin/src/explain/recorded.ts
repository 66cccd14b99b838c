import { Buffer } from "node:buffer";

/** A notification as it was recorded. */
export interface RecordedNotification {
  readonly topic: string;
  readonly body: Uint8Array;
  /** Counted from 1. */
  readonly line: number;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
const lineFeed = 0x0a;
const space = 0x20;
const brace = 0x7b;

/**
 * The notifications in a recording, one a line, each in whichever form: a body as MISP sent it; a ZeroMQ frame (topic, a space,
 * body); or JSON with the body as text in `body` (`tap --json`, `bodyBase64` too) or `value` (Kafka), and a `topic`. A file that is
 * one JSON object over several lines is one body.
 *
 * @param name stands for the topic where the recording has none
 */
export function* readRecording(content: Buffer, name: string): Generator<RecordedNotification> {
  if (isOneObject(content)) {
    yield { ...readLine(trim(content), name), line: 1 };
    return;
  }
  let line = 0;
  for (let from = 0; from < content.length; ) {
    const at = content.indexOf(lineFeed, from);
    const end = at < 0 ? content.length : at;
    line += 1;
    const text = trim(content.subarray(from, end));
    from = end + 1;
    if (text.length > 0) yield { ...readLine(text, name), line };
  }
}

/** Only what begins as an object and is not complete at the end of a line can go on in the next. */
function isOneObject(content: Buffer): boolean {
  const trimmed = trim(content);
  const end = trimmed.indexOf(lineFeed);
  if (trimmed[0] !== brace || end < 0 || parseObject(trim(trimmed.subarray(0, end))) !== undefined) return false;
  return parseObject(trimmed) !== undefined;
}

function readLine(text: Buffer, name: string): Omit<RecordedNotification, "line"> {
  if (text[0] !== brace) {
    const end = text.indexOf(space);
    // Without a space there is no topic: decoding says so, as for a frame that arrives like that.
    if (end < 0) return { topic: "", body: text };
    return { topic: text.toString("utf8", 0, end), body: text.subarray(end + 1) };
  }
  const { topic, body, value, bodyBase64 } = parseObject(text) ?? {};
  const inside = typeof body === "string" ? body : typeof value === "string" ? value : undefined;
  const named = typeof topic === "string" ? topic : name;
  if (inside !== undefined) return { topic: named, body: Buffer.from(inside) };
  if (typeof bodyBase64 === "string") return { topic: named, body: Buffer.from(bodyBase64, "base64") };
  return { topic: name, body: text };
}

function parseObject(text: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(utf8.decode(text));
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function trim(bytes: Buffer): Buffer {
  let start = 0;
  let end = bytes.length;
  while (start < end && isWhite(bytes[start])) start += 1;
  while (end > start && isWhite(bytes[end - 1])) end -= 1;
  return bytes.subarray(start, end);
}

function isWhite(byte: number | undefined): boolean {
  return byte === space || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}
