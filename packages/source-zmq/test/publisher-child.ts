/** Publishes on command: a process that a test can freeze and kill. */
import { createZmqPublisher } from "@tb/misp-simulator";

const { port, password } = JSON.parse(process.argv[2] ?? "{}") as { port: number; password?: string };
const publisher = await createZmqPublisher({
  port,
  highWaterMark: 0,
  ...(password === undefined ? {} : { credentials: { username: "misp", password } }),
});
const filler = "x".repeat(600);
let next = 0;

process.on("message", async ({ count, rate }: { count: number; rate: number }) => {
  const begin = performance.now();
  for (let sent = 0; sent < count; ) {
    const due = Math.min(count, Math.ceil(((performance.now() - begin) / 1000) * rate));
    const messages = [];
    for (; sent < due; sent++)
      messages.push({ topic: "misp_json_attribute", body: JSON.stringify({ n: next++, filler }) });
    await publisher.publish(messages);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  process.send?.({ sent: count });
});
process.on("disconnect", () => process.exit());
process.send?.({ ready: true });
