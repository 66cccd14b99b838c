/**
 * Reconcile against a simulated MISP with very many attributes, over real HTTP and with the real store: what a fill costs beyond
 * reading the same answers, what a reconcile asks for when nothing and when 1 % has changed, and what it does to live traffic.
 * `pnpm bench:reconcile [ATTRIBUTES] [LIVE-SECONDS] [ROWS-PER-SECOND]`, default 1000000, 15, and rows as fast as they are read; MISP
 * itself brings some 14,000 a second (measured).
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [attributes = 1_000_000, liveSeconds = 15, rowsPerSecond = 0] = process.argv.slice(2).map(Number);
const rate = 1_000;
const folder = mkdtempSync(join(tmpdir(), "reconcile-"));
const children: ChildProcess[] = [];
const say = (text: string) => process.stdout.write(`${text}\n`);

// biome-ignore lint/suspicious/noExplicitAny: answers of our own children
type Answer = any;

function start(name: string, parameters: readonly string[]): ChildProcess {
  const child = fork(new URL(name, import.meta.url), parameters, {
    execArgv: ["--import", "tsx", "--conditions=@tb/source"],
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  children.push(child);
  return child;
}
async function next(child: ChildProcess): Promise<Answer> {
  const [message]: Answer[] = await once(child, "message");
  return message;
}
function ask(child: ChildProcess, command: object): Promise<Answer> {
  const answer = next(child);
  child.send(command);
  return answer;
}

const percentile = (sorted: readonly number[], part: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

try {
  const misp = start("./large-misp.ts", [String(attributes), String(rowsPerSecond)]);
  const { url, key, zmqPort, events } = await next(misp);
  say(`${attributes} attributes in ${events} events`);

  const bare = await next(start("./yardstick.ts", [url, key]));
  say(
    `reading alone      ${seconds(bare.ms)}   ${Math.round(bare.rows / (bare.ms / 1000))} rows/s   ${Math.round(bare.peakMb)} MB`,
  );

  await ask(misp, { forget: true });
  const program = start("./reconciling.ts", [url, key, String(zmqPort), join(folder, "state")]);
  const latencies: number[] = [];
  if (program.stdout !== null) {
    createInterface({ input: program.stdout }).on("line", (line) => {
      const sentAtMs = Number(JSON.parse(line).description);
      if (sentAtMs > 0) latencies.push(Date.now() + (performance.now() % 1) - sentAtMs);
    });
  }
  const { filled } = await next(program);
  const asked = await ask(misp, { requests: true });
  if (asked.rows < attributes) throw new Error(`${asked.rows} rows were read of ${attributes}`);
  say(
    `fill               ${seconds(filled.tookMs)}   ratio ${(filled.tookMs / bare.ms).toFixed(2)}, of CPU time ${(filled.cpuMs / bare.cpuMs).toFixed(2)}   ${Math.round(filled.peakMb)} MB, ` +
      `${Math.round(filled.peakMb - bare.peakMb)} MB more   ${asked.requests.length} requests`,
  );

  /** One reconcile, with what MISP was asked. */
  const reconcile = async (name: string, scope: "all" | null) => {
    await ask(misp, { forget: true });
    const { answer, peakMb } = await ask(program, { reconcile: scope });
    const { requests, rows } = await ask(misp, { requests: true });
    const list = requests.length <= 3 ? `: ${requests.join(", ")}` : "";
    say(
      `${name}${seconds(answer.tookMs)}   ${answer.events} events, ${rows} rows   ${Math.round(peakMb)} MB   ${requests.length} requests${list}`,
    );
  };
  await reconcile("nothing changed    ", null);
  const changed = await ask(misp, { change: 0.01 });
  await reconcile(`1 % changed (${changed.events})   `, null);

  /** Edits at a rate; latencies from the sender's clock to the line on standard output. */
  const live = async (name: string, meanwhile: () => Promise<void>) => {
    await ask(misp, { subscribed: 1 });
    const before = latencies.length;
    const sending = ask(misp, { live: { rate, seconds: liveSeconds } });
    await meanwhile();
    const { sent } = await sending;
    // Several edits of one attribute within a batch are announced once, so their number does not say when all have come.
    for (let heard = -1; heard < latencies.length; await new Promise((resolve) => setTimeout(resolve, 3_000))) {
      heard = latencies.length;
    }
    const sorted = latencies.slice(before + rate).sort((a, b) => a - b);
    const [p50, p99] = [percentile(sorted, 0.5), percentile(sorted, 0.99)];
    say(`${name}p50 ${p50.toFixed(1)} ms   p99 ${p99.toFixed(1)} ms   (${sorted.length + rate} of ${sent} announced)`);
    return { p50, p99 };
  };
  const quiet = await live(`live at ${rate}/s      `, async () => undefined);
  const busy = await live("while reconciling  ", async () => {
    const { answer } = await new Promise<Answer>((resolve) => {
      const until = performance.now() + liveSeconds * 1_000;
      const again = async (): Promise<void> => {
        const done = await ask(program, { reconcile: "all" });
        if (performance.now() < until) await again();
        else resolve(done);
      };
      again().catch((error) => say(String(error)));
    });
    say(`                   the last one read ${answer.rows} rows in ${seconds(answer.tookMs)}`);
  });
  say(`ratio              p50 ${(busy.p50 / quiet.p50).toFixed(2)}   p99 ${(busy.p99 / quiet.p99).toFixed(2)}`);
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
