/** Publishes on command: a process that a test can freeze and kill. */
import { createZmqPublisher } from "@tb/misp-simulator";

type Command =
  | { readonly count: number; readonly rate: number }
  | { readonly rebind: true; readonly password?: string }
  | { readonly rebindAfterMs: number; readonly password: string };

const { port } = JSON.parse(process.argv[2] ?? "{}") as { port: number };
const publisher = await createZmqPublisher({ port, highWaterMark: 0 });
const filler = "x".repeat(600);
let next = 0;

async function publish(count: number, rate: number) {
  const begin = performance.now();
  for (let sent = 0; sent < count; ) {
    const due = Math.min(count, Math.ceil(((performance.now() - begin) / 1000) * rate));
    const messages = [];
    for (; sent < due; sent++) {
      messages.push({ topic: "misp_json_attribute", body: JSON.stringify({ n: next++, filler }) });
    }
    await publisher.publish(messages);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

process.on("message", async (command: Command) => {
  if ("count" in command) await publish(command.count, command.rate);
  else {
    if ("rebindAfterMs" in command) await new Promise((resolve) => setTimeout(resolve, command.rebindAfterMs));
    await publisher.rebind({
      credentials: command.password === undefined ? undefined : { username: "misp", password: command.password },
    });
  }
  process.send?.({ done: true });
});
process.on("disconnect", () => process.exit());
process.send?.({ ready: true });
