/**
 * So many apps in one process, which do nothing but receive. argv: manage port, how many. IPC: { expect } → { ms } from the first
 * message at any of them until all have got so many; { expect, at: true } → also when the first app got which id, in milliseconds of
 * the system's monotonic clock.
 */
import { Request, Subscriber } from "zeromq";

const [manage = "", count = "1"] = process.argv.slice(2);
// Without a limit: a Threat Bus that is busy takes its time, and the measurement should not end with it.
const request = new Request();
request.connect(`tcp://127.0.0.1:${manage}`);
let asked: Promise<unknown> = Promise.resolve();
const ask = (message: object): Promise<Readonly<Record<string, unknown>>> => {
  const answer = asked.then(async () => {
    await request.send(JSON.stringify(message));
    return JSON.parse(String((await request.receive())[0]));
  });
  asked = answer;
  return answer;
};

let expected = 0;
let withTimes = false;
let firstMs: number | undefined;
let left = 0;
let times: [id: number, atMs: number][] = [];
const now = () => Number(process.hrtime.bigint()) / 1e6;

async function receive(subscriber: Subscriber, isFirst: boolean): Promise<void> {
  let received = 0;
  for await (const [frame] of subscriber) {
    firstMs ??= now();
    received += 1;
    if (withTimes && isFirst && frame !== undefined) times.push([idOf(frame), now()]);
    if (received < expected) continue;
    received = 0;
    left -= 1;
    if (left === 0) process.send?.({ ms: now() - firstMs, times });
  }
}

/** The ids of the load are the last twelve digits of the UUID. */
function idOf(frame: Buffer): number {
  const at = frame.indexOf("indicator--") + "indicator--".length + 24;
  return Number.parseInt(frame.toString("latin1", at, at + 12), 16);
}

for (let n = 0; n < Number(count); n += 1) {
  const { topic, pub_port: port } = await ask({ action: "subscribe", topic: "stix2/indicator", snapshot: 0 });
  const subscriber = new Subscriber({ receiveHighWaterMark: 0 });
  subscriber.subscribe(String(topic));
  subscriber.connect(`tcp://127.0.0.1:${port}`);
  setInterval(() => ask({ action: "heartbeat", topic }), 5_000);
  void receive(subscriber, n === 0);
}

process.on("message", ({ expect, at = false }: { expect: number; at?: boolean }) => {
  expected = expect;
  withTimes = at;
  firstMs = undefined;
  times = [];
  left = Number(count);
});
process.on("disconnect", () => process.exit());
// A Threat Bus takes up to a second to serve a new subscription, and says nothing when it does.
setTimeout(() => process.send?.({ ready: true }), 2_000);
