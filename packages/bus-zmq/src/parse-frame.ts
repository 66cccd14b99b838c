import { isDeeperThan } from "@tb/misp-core";
import { quote } from "./zmq-bus-event.ts";

/** A message as it came off a socket: `<topic> <JSON>`. */
export type ParsedFrame =
  | { readonly ok: true; readonly topic: string; readonly value: unknown }
  | { readonly ok: false; readonly detail: string };

const decoder = new TextDecoder("utf-8", { fatal: true });
const space = 0x20;
/** Above it, a topic is none of Threat Bus': 32 letters and a kind at most. */
const maxTopicBytes = 256;
/** V8 parses a megabyte of brackets and dies of writing it again; Python's json stops at about 1000. STIX needs a dozen. */
const maxDepth = 100;

/**
 * Takes a message apart. It has to be one frame: the real Threat Bus sends its previous object again when it gets two.
 */
export function parseFrame(frames: readonly Uint8Array[]): ParsedFrame {
  const [frame] = frames;
  if (frame === undefined || frames.length !== 1)
    return { ok: false, detail: `${frames.length} frames instead of one` };
  const end = frame.subarray(0, maxTopicBytes).indexOf(space);
  if (end < 0) return { ok: false, detail: "no space between topic and object" };
  const topic = toText(frame.subarray(0, end));
  const json = frame.subarray(end + 1);
  const text = toText(json);
  if (topic === undefined || text === undefined) return { ok: false, detail: "not UTF-8" };
  if (isDeeperThan(json, maxDepth)) return { ok: false, detail: `nested more than ${maxDepth} levels deep` };
  const value = parseJson(text);
  if (value === undefined) return { ok: false, detail: `no JSON after the topic ${quote(topic)}` };
  return { ok: true, topic, value };
}

/** Undefined when the bytes are no UTF-8. */
export function toText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Undefined when the text is no JSON; JSON itself has no such value. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
