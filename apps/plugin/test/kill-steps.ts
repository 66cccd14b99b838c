import type { PlainItem } from "./expected.ts";

/** Where the program of kill-child.ts can kill itself. */
export const killSteps = [
  "received",
  "before-commit",
  "during-commit",
  "committed",
  "before-ack",
  "acked",
  "before-publish",
  "during-publish",
  "published",
  "before-confirm",
  "confirmed",
] as const;
export type KillStep = (typeof killSteps)[number] | "none";

/** The filter of a program that is killed. */
export const killItems: readonly PlainItem[] = [
  { tags: ["tlp:amber", "tlp:red"] },
  { types: ["ip-dst", "domain", "filename"] },
];
