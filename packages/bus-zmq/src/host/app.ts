import { randomInt } from "node:crypto";
import type { ObjectType } from "../check-object.ts";
import type { Outbox } from "./outbox.ts";

/** One subscription: an app that subscribes twice is two. */
export interface App {
  /** What people know it by: apps have no names. */
  readonly number: number;
  /** Its private topic. */
  readonly topic: string;
  readonly wants: ReadonlySet<ObjectType>;
  readonly snapshotDays: number;
  readonly outbox: Outbox;
  /** Runs out 60 s after the last heartbeat. */
  readonly silence: NodeJS.Timeout;
  /** Aborts when the app is forgotten. */
  readonly gone: AbortController;
  /** The topics that it listens to on the pub port, each of which begins with its own. */
  readonly listening: Set<string>;
  /** Its data connection was lost, and with it what was on its way: its next heartbeat is answered with an error. */
  lost: boolean;
}

export const topicLength = 32;
const letterA = 97;

/** 32 lower-case letters, as apps expect, from a CSPRNG (150 bits): the real host takes them from a guessable source. */
export function createPrivateTopic(): string {
  let topic = "";
  for (let n = 0; n < topicLength; n += 1) topic += String.fromCharCode(letterA + randomInt(26));
  return topic;
}

export function describeApp({ wants, snapshotDays }: Pick<App, "wants" | "snapshotDays">): string {
  const kinds = wants.size === 0 ? "nothing that is sent here" : [...wants].join("s and ").concat("s");
  return `${kinds}, snapshot of ${snapshotDays} days`;
}
