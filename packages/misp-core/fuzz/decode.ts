import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { decode } from "../src/decode.ts";
import { createChance, hugeFrame, mutateFrame } from "../test/mutate-frame.ts";
import { recordedBodies } from "../test/recorded-bodies.ts";

// node --import tsx --conditions=@tb/source packages/misp-core/fuzz/decode.ts [COUNT] [SEED]
// Throws mutated recordings at decode: it must not throw or hang, must count each refusal, and must not grow.
const count = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
const huge = 50;

const chance = createChance(seed);
const outcomes = new Map<string, number>();
const slowest = { ms: 0, bytes: 0 };
let warmMb = 0;
let peakMb = 0;

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/**
 * What is still held. Resident memory says less: it keeps what the huge frames needed once. Collected twice, since the first
 * time leaves the text of a huge frame, which lies outside of the heap: 20 MB by chance, then always 3 (measured, Node 20).
 */
function heldMb(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}

process.stdout.write(`decode: ${count} messages, seed ${seed}\n`);
for (let i = 0; i < count; i++) {
  const isHuge = i % Math.ceil(count / huge) === 0;
  const [body, other] = [recordedBodies[chance(recordedBodies.length)], recordedBodies[chance(recordedBodies.length)]];
  if (body === undefined || other === undefined) continue;
  const frame = isHuge ? hugeFrame(16_000_000, chance) : mutateFrame(body, other, chance);
  const begin = performance.now();
  const decoded = decode({ topic: "t", body: frame, observedAtMs: i });
  const ms = performance.now() - begin;
  if (!isHuge && ms > slowest.ms) Object.assign(slowest, { ms, bytes: frame.length });
  const outcome = decoded.ok ? `read, ${decoded.changes.length} changes` : `refused: ${decoded.reason}`;
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  // The last of each twentieth: the first of it may be a huge one, which is held while it is looked at.
  if ((i + 1) % Math.ceil(count / 20) !== 0) continue;
  if (i > count / 5 && warmMb === 0) warmMb = heldMb();
  else if (warmMb > 0) peakMb = Math.max(peakMb, heldMb());
}
for (const [outcome, number] of [...outcomes].sort()) process.stdout.write(`  ${number} ${outcome}\n`);
process.stdout.write(
  `  slowest ${slowest.ms.toFixed(1)} ms for ${slowest.bytes} bytes; ${warmMb.toFixed(1)} MB held when warm, ${peakMb.toFixed(1)} MB at most since\n`,
);
const total = [...outcomes.values()].reduce((sum, number) => sum + number, 0);
if (total !== count) throw new Error(`${count} messages, ${total} outcomes`);
if (peakMb > warmMb + 10) throw new Error(`memory grew from ${warmMb.toFixed(1)} to ${peakMb.toFixed(1)} MB`);
