import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { pace } from "./pace.ts";
import type { ZmqPublisher } from "./zmq-publisher.ts";

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

/**
 * Publishes a recording in its order.
 *
 * @param options.perSecond messages per second; 0: as fast as it goes. @default 0
 * @returns how many messages went out
 */
export async function playRecording(
  publisher: Pick<ZmqPublisher, "publish">,
  file: string | URL,
  options: { readonly perSecond?: number } = {},
): Promise<number> {
  const messages = await readRecording(file);
  let burst: RecordedMessage[] = [];
  const take = (index: number): void => {
    const message = messages[index];
    if (message) burst.push(message);
  };
  await pace(messages.length, options.perSecond ?? 0, take, async () => {
    await publisher.publish(burst);
    burst = [];
  });
  return messages.length;
}
