/** Publishes on command: a process that a test can freeze and kill. */
import { createZmqPublisher } from "@tb/misp-simulator";

type Command = { readonly id?: number } & (
  | { readonly count: number; readonly rate: number; readonly bytes?: number }
  | { readonly rebindAfterMs: number; readonly password: string }
);

const { port, highWaterMark = 0 } = JSON.parse(process.argv[2] ?? "{}") as { port: number; highWaterMark?: number };
const publisher = await createZmqPublisher({ port, highWaterMark });
/** Less than a publisher's high-water mark, so that none is lost here when this process was late. */
const maxBurst = 200;
let next = 0;

async function publish(count: number, rate: number, bytes: number) {
  const filler = "x".repeat(bytes);
  const begin = performance.now();
  for (let sent = 0; sent < count; ) {
    const due = Math.min(count, sent + maxBurst, Math.ceil(((performance.now() - begin) / 1000) * rate));
    const messages = [];
    for (; sent < due; sent++) {
      messages.push({ topic: "misp_json_attribute", body: JSON.stringify({ n: next++, filler }) });
    }
    await publisher.publish(messages);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

process.on("message", async (command: Command) => {
  if ("count" in command) await publish(command.count, command.rate, command.bytes ?? 600);
  else {
    await new Promise((resolve) => setTimeout(resolve, command.rebindAfterMs));
    await publisher.rebind({ credentials: { username: "misp", password: command.password } });
  }
  if (command.id !== undefined) process.send?.(command.id);
});
process.on("disconnect", () => process.exit());
process.send?.(0);
