/**
 * Publishes on command, from frames that are made before: IPC { kind, from, count, below, rate } → { made }, then { go } → { sent },
 * with a rate also when each id was sent, in milliseconds of the system's monotonic clock.
 */
import { createZmqPublisher } from "@tb/misp-simulator";
import { attributeMessage } from "./messages.ts";

export interface Load {
  readonly kind: "add" | "edit";
  /** `add`: the first id; `edit`: ids are random below `below`. */
  readonly from: number;
  readonly count: number;
  readonly below?: number;
  /** Per second; 0: as fast as the socket takes them. With a rate, the comment is the time of sending. */
  readonly rate: number;
}

const publisher = await createZmqPublisher({ highWaterMark: 0, watchSubscriptions: true, heartbeatAfterMs: 0 });
let load: Load = { kind: "add", from: 1, count: 0, rate: 0 };
let frames: Buffer[] = [];

const idAt = (i: number) => (load.kind === "add" ? load.from + i : 1 + Math.floor(Math.random() * (load.below ?? 1)));

process.on("message", async (message: Load | { go: true } | { subscribed: number; topic?: string }) => {
  if ("subscribed" in message) {
    const { topic = "misp_json_attribute ", subscribed } = message;
    await publisher.subscriptions.atLeast(topic, subscribed);
    // Who left is seen a moment later.
    while (publisher.subscriptions.count(topic) > subscribed) await new Promise((resolve) => setTimeout(resolve, 5));
    process.send?.({ subscribed: true });
  } else if ("go" in message) {
    const begin = performance.now();
    const times: [id: number, atMs: number][] = [];
    for (let i = 0; i < load.count; i++) {
      if (load.rate > 0) {
        const dueMs = begin + (1000 * i) / load.rate;
        while (performance.now() < dueMs) await new Promise((resolve) => setTimeout(resolve, 0));
        const id = idAt(i);
        times.push([id, Number(process.hrtime.bigint()) / 1e6]);
        await publisher.publishFrame(attributeMessage(load.kind, id, String(Date.now() + (performance.now() % 1))));
      } else {
        await publisher.publishFrame(frames[i] ?? "");
      }
    }
    process.send?.({ sent: load.count, times });
  } else {
    load = message;
    const round = Math.floor(Math.random() * 1e9);
    frames =
      load.rate > 0
        ? []
        : Array.from({ length: load.count }, (_, i) =>
            Buffer.from(attributeMessage(load.kind, idAt(i), `round ${round}`)),
          );
    process.send?.({ made: true });
  }
});
process.on("disconnect", () => process.exit());
process.send?.({ port: publisher.port });
