import type { RestFailure } from "@tb/misp-simulator";
import { beforeEach, expect, it } from "vitest";
import { createCommands, until } from "./command.ts";
import { useMisp } from "./misp.ts";

const commands = createCommands("reconcile-shutdown");
const misp = useMisp({ now: () => Math.floor(Date.now() / 1000) - 3_600 });
beforeEach(async () => {
  commands.configure(`plugins: { apps: { misp: { zmq: { ${misp.zmq()} }, api: ${misp.api()} } } }`);
});

const searched = () => misp.rest.requests.some(({ path }) => path.startsWith("/attributes"));
const states: readonly [string, string, RestFailure, (said: string) => boolean][] = [
  [
    "hangs with the list of tags",
    "/tags",
    { kind: "hang" },
    () => misp.rest.requests.some(({ path }) => path.startsWith("/tags")),
  ],
  ["stops in the middle of an answer", "/attributes", { kind: "truncate", how: "stall" }, searched],
  ["brings a fill slowly", "/attributes", { kind: "delay", ms: 30_000 }, searched],
  [
    "says to come back in a day",
    "/events",
    { kind: "rate-limit", resetSeconds: 86_400 },
    (said) => said.includes("rate-limited"),
  ],
  ["has failed, so that it is waited for", "/attributes", { kind: "html" }, (said) => said.includes("tried again")],
];

it.each(states)(
  "ends at once, and in order, while MISP %s",
  async (_, path, failure, isThere) => {
    for (let i = 0; i < 20; i++) {
      const { id } = misp.model.addEvent({ info: "event" });
      misp.model.addAttribute({ eventId: id, type: "domain", value: `d${id}.example` });
    }
    misp.rest.fail(failure, { path });
    const program = commands.start([]);
    await until(() => isThere(program.stderr()));
    const at = performance.now();
    program.child.kill("SIGTERM");
    expect(await program.closed).toBe(0);
    expect(performance.now() - at).toBeLessThan(3_000);
  },
  60_000,
);
