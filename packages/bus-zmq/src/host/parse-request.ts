import { type Fields, isFields } from "@tb/misp-core";
import type { ObjectType } from "../check-object.ts";
import { parseJson, toText } from "../parse-frame.ts";

/** A management request that the host can act on. */
export type ManagementRequest =
  | { readonly action: "subscribe"; readonly wants: ReadonlySet<ObjectType>; readonly snapshotDays: number }
  | { readonly action: "unsubscribe"; readonly topic: string }
  | { readonly action: "heartbeat"; readonly topic: string };

export type ParsedRequest =
  | { readonly ok: true; readonly request: ManagementRequest }
  /** The status to answer with, as the real host does. */
  | { readonly ok: false; readonly status: "error" | "unknown request"; readonly detail: string };

/** Further back than any MISP reaches; what an app asks beyond is cut to it. */
const maxSnapshotDays = 3_650;
/** What is no number of days any more: refused, like what is negative or no number. */
const absurdDays = 1_000_000;
const maxTopics = 64;
const maxTopicLength = 256;

/**
 * Reads a request as the real host 2022.5.16 does: each odd request gets the same status, except that days which make no sense and
 * lists without end are refused here. A request in several frames kills the real host's management thread; here it is an error.
 */
export function parseRequest(frames: readonly Uint8Array[]): ParsedRequest {
  const [frame] = frames;
  if (frame === undefined || frames.length !== 1) return error(`${frames.length} frames instead of one`);
  const text = toText(frame);
  if (text === undefined) return error("not UTF-8");
  const value = parseJson(text);
  if (!isFields(value)) return error("not a JSON object");
  const { action, topic } = value;
  if (action === "subscribe") return parseSubscription(value);
  if (action !== "unsubscribe" && action !== "heartbeat") return unknown("no action that Threat Bus knows");
  if (topic === undefined || topic === null || topic === "") return unknown(`${action} without a topic`);
  if (typeof topic !== "string") return error(`${action} with a topic that is no text`);
  return { ok: true, request: { action, topic } };
}

function parseSubscription(value: Fields): ParsedRequest {
  const { topic } = value;
  if (topic === undefined || topic === null || topic === "") return unknown("subscribe without a topic");
  const topics: readonly unknown[] = Array.isArray(topic) ? topic : [topic];
  if (topics.length === 0) return unknown("subscribe without a topic");
  if (topics.length > maxTopics) return error(`subscribe with more than ${maxTopics} topics`);
  const wants = new Set<ObjectType>();
  for (const prefix of topics) {
    if (typeof prefix !== "string") return error("subscribe with a topic that is no text");
    if (prefix.length > maxTopicLength)
      return error(`subscribe with a topic of more than ${maxTopicLength} characters`);
    if (prefix === "") return unknown("subscribe with an empty topic");
    for (const type of ["indicator", "sighting"] as const) if (`stix2/${type}`.startsWith(prefix)) wants.add(type);
  }
  const snapshotDays = value["snapshot"] === undefined ? 0 : toDays(value["snapshot"]);
  if (snapshotDays === undefined) return error("subscribe with a snapshot that is no number of days");
  return { ok: true, request: { action: "subscribe", wants, snapshotDays } };
}

/** Whole days. Python's `int()` takes `true` and `"3"` as well, so the real host does. */
function toDays(value: unknown): number | undefined {
  const text = typeof value === "string" && /^\s*\d{1,9}\s*$/.test(value);
  if (typeof value !== "number" && typeof value !== "boolean" && !text) return undefined;
  const days = Number(value);
  if (!(days >= 0 && days <= absurdDays)) return undefined;
  return Math.min(Math.trunc(days), maxSnapshotDays);
}

function error(detail: string): ParsedRequest {
  return { ok: false, status: "error", detail };
}

function unknown(detail: string): ParsedRequest {
  return { ok: false, status: "unknown request", detail };
}
