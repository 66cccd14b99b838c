/**
 * Reconcile against a simulated MISP with very many attributes, over real HTTP and with the real store: what a fill costs beyond
 * reading the same answers, what a reconcile asks for when nothing and when 1 % has changed, and what it does to live traffic.
 * `pnpm bench:reconcile [ATTRIBUTES] [LIVE-SECONDS] [ROWS-PER-SECOND]`, default 1000000, 15, and rows as fast as they are read; MISP
 * itself brings some 14,000 a second (measured).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Answer, killChildren, startChild } from "./child.ts";
import { percentile } from "./percentile.ts";

const [attributes = 1_000_000, liveSeconds = 15, rowsPerSecond = 0] = process.argv.slice(2).map(Number);
const rate = 1_000;
const folder = mkdtempSync(join(tmpdir(), "reconcile-"));
const say = (text: string) => process.stdout.write(`${text}\n`);

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

try {
  const misp = await startChild("./large-misp.ts", [String(attributes), String(rowsPerSecond)]);
  const { url, key, zmqPort, events } = misp.ready;
  say(`${attributes} attributes in ${events} events`);

  const { ready: bare } = await startChild("./yardstick.ts", [url, key]);
  say(
    `reading alone      ${seconds(bare.ms)}   ${Math.round(bare.rows / (bare.ms / 1000))} rows/s   ${Math.round(bare.peakMb)} MB`,
  );

  await misp.ask({ forget: true });
  // Ready when it is filled. Nothing is announced before.
  const program = await startChild("./reconciling.ts", [url, key, String(zmqPort), join(folder, "state")], "pipe");
  const latencies: number[] = [];
  if (program.child.stdout !== null) {
    createInterface({ input: program.child.stdout }).on("line", (line) => {
      const sentAtMs = Number(JSON.parse(line).description);
      if (sentAtMs > 0) latencies.push(Date.now() + (performance.now() % 1) - sentAtMs);
    });
  }
  const { filled } = program.ready;
  const asked = await misp.ask({ requests: true });
  if (asked.rows < attributes) throw new Error(`${asked.rows} rows were read of ${attributes}`);
  say(
    `fill               ${seconds(filled.tookMs)}   ratio ${(filled.tookMs / bare.ms).toFixed(2)}, of CPU time ${(filled.cpuMs / bare.cpuMs).toFixed(2)}   ${Math.round(filled.peakMb)} MB, ` +
      `${Math.round(filled.peakMb - bare.peakMb)} MB more   ${asked.requests.length} requests`,
  );

  /** One reconcile, with what MISP was asked. */
  const reconcile = async (name: string, scope: "all" | null) => {
    await misp.ask({ forget: true });
    const { answer, peakMb } = await program.ask({ reconcile: scope });
    const { requests, rows } = await misp.ask({ requests: true });
    const list = requests.length <= 3 ? `: ${requests.join(", ")}` : "";
    say(
      `${name}${seconds(answer.tookMs)}   ${answer.events} events, ${rows} rows   ${Math.round(peakMb)} MB   ${requests.length} requests${list}`,
    );
  };
  await reconcile("nothing changed    ", null);
  const changed = await misp.ask({ change: 0.01 });
  await reconcile(`1 % changed (${changed.events})   `, null);

  /** Edits at a rate; latencies from the sender's clock to the line on standard output. */
  const live = async (name: string, meanwhile: () => Promise<void>) => {
    await misp.ask({ subscribed: 1 });
    const before = latencies.length;
    const sending = misp.ask({ live: { rate, seconds: liveSeconds } });
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
        const done = await program.ask({ reconcile: "all" });
        if (performance.now() < until) await again();
        else resolve(done);
      };
      again().catch((error) => say(String(error)));
    });
    say(`                   the last one read ${answer.rows} rows in ${seconds(answer.tookMs)}`);
  });
  say(`ratio              p50 ${(busy.p50 / quiet.p50).toFixed(2)}   p99 ${(busy.p99 / quiet.p99).toFixed(2)}`);
} finally {
  killChildren();
  rmSync(folder, { recursive: true, force: true });
}
