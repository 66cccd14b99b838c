import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/** One recorded message: a line of a recording. */
export interface RecordedMessage {
  readonly topic: string;
  /** As MISP sent it. */
  readonly body: string;
  /** What caused it. */
  readonly trigger?: string;
}

/**
 * Reads a recording: NDJSON with `topic` and `body`, byte for byte as MISP sent it (or Kafka's `value`).
 *
 * @throws when the file cannot be read or a line is not such a message
 */
export async function readRecording(file: string | URL): Promise<RecordedMessage[]> {
  const messages: RecordedMessage[] = [];
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === "") continue;
    const { topic, body, value, trigger } = JSON.parse(line) as Record<string, unknown>;
    const content = body ?? value;
    if (typeof topic !== "string" || typeof content !== "string") {
      throw new Error(`${file}: line ${messages.length + 1} has no topic and body`);
    }
    messages.push({ topic, body: content, ...(typeof trigger === "string" && { trigger }) });
  }
  return messages;
}
