import { readFileSync } from "node:fs";

/** What MISP published over ZeroMQ, in order. */
export const recordedMessages: readonly { readonly topic: string; readonly body: string }[] = readFileSync(
  new URL("../../../packages/misp-core/src/__fixtures__/misp-notifications.ndjson", import.meta.url),
  "utf8",
)
  .split("\n")
  .filter(Boolean)
  .map((line) => JSON.parse(line));
