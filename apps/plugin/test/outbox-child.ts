/**
 * Commits to the outbox and the index of one state folder at the same time, as fast as each resolves, until it is killed.
 *
 * argv: state folder, the outbox's commits so far, how many more until it kills itself before the commit resolves ("0": never).
 * Standard output: a line for each commit that has resolved, `outbox <number>` or `index <number>`.
 */
import { writeSync } from "node:fs";
import { exampleEntry, storeChanges } from "@tb/misp-core/testing";
import { openLmdbStore } from "../src/store/lmdb-store.ts";
import { outboxCommit } from "./outbox-commits.ts";

const [path = "", commits = "0", left = "0"] = process.argv.slice(2);
const last = Number(commits) + Number(left);
const store = await openLmdbStore({ path });
const say = (text: string) => writeSync(1, `${text}\n`);

/** At once, or when the writer thread has had up to two milliseconds: about what a commit takes. */
function dieSoon(): void {
  const untilMs = performance.now() + Math.max(0, Math.random() * 3 - 1);
  while (performance.now() < untilMs);
  process.kill(process.pid, "SIGKILL");
}

async function commitToOutbox(): Promise<void> {
  for (let number = Number(commits) + 1; ; number++) {
    const committed = store.outbox.commit(outboxCommit(number));
    // lmdb hands over at the end of the turn.
    if (number === last) setImmediate(dieSoon);
    await committed;
    say(`outbox ${number}`);
  }
}

async function commitToIndex(): Promise<void> {
  for (let number = store.meta().sequence + 1; ; number++) {
    const entries = [1, 2, 3].map((id) => {
      const before = store.entry(id);
      return { ...(before === undefined ? {} : { before }), after: exampleEntry(id, { sequence: number }) };
    });
    await store.commit(storeChanges({ entries, meta: { sequence: number } }));
    say(`index ${number}`);
  }
}

await Promise.all([commitToOutbox(), commitToIndex()]);
