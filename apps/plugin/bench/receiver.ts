/** The yardstick: receives and parses, and does nothing else. argv: port. IPC: { expect } → { ms } from the first message to the last. */
import { Subscriber } from "zeromq";

const socket = new Subscriber({ receiveHighWaterMark: 0 });
socket.subscribe("misp_json_attribute ");
socket.connect(`tcp://127.0.0.1:${process.argv[2]}`);
let left = 0;
let total = 0;
let firstMs = 0;
process.on("message", ({ expect }: { expect: number }) => {
  total = expect;
  left = expect;
});
process.on("disconnect", () => process.exit());
process.send?.({ ready: true });
for await (const [frame] of socket) {
  if (frame === undefined) continue;
  if (left === total) firstMs = performance.now();
  JSON.parse(frame.subarray(frame.indexOf(0x20) + 1).toString());
  left -= 1;
  if (left === 0) process.send?.({ ms: performance.now() - firstMs });
}
