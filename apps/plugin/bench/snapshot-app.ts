/** An app that asks for everything and only counts. argv: manage port. IPC: { expect } → { ms } from its request to the last object. */
import { Request, Subscriber } from "zeromq";

const manage = process.argv[2];
process.on("disconnect", () => process.exit());
process.on("message", async ({ expect }: { expect: number }) => {
  const request = new Request({ receiveTimeout: 5_000 });
  request.connect(`tcp://127.0.0.1:${manage}`);
  const beganAtMs = performance.now();
  await request.send(JSON.stringify({ action: "subscribe", topic: "stix2/indicator", snapshot: 3_650 }));
  const { topic, pub_port: port } = JSON.parse(String((await request.receive())[0]));
  const heartbeat = setInterval(async () => {
    await request.send(JSON.stringify({ action: "heartbeat", topic }));
    if (!String((await request.receive())[0]).includes("success")) throw new Error("the host has forgotten us");
  }, 5_000);
  const subscriber = new Subscriber();
  subscriber.subscribe(topic);
  subscriber.connect(`tcp://127.0.0.1:${port}`);
  let count = 0;
  for await (const _ of subscriber) {
    count += 1;
    if (count === expect) break;
  }
  clearInterval(heartbeat);
  process.send?.({ ms: performance.now() - beganAtMs });
});
process.send?.({ ready: true });
