import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Outbox } from "@tb/misp-core";
import { createMemoryOutbox, thorough } from "@tb/misp-core/testing";
import { expect, it } from "vitest";
import { openLmdbStore } from "../src/store/lmdb-store.ts";
import { outboxCommit } from "./outbox-commits.ts";

const kills = thorough ? 120 : 16;

/** Runs a child until it is dead, and gives the last commit of each kind that it knew to be durable. */
async function runAndKill(path: string, commits: number, kill: number) {
  // Half of them kill themselves between a commit and its resolution, half are killed at any moment.
  const byItself = kill % 2 === 0 ? 1 + (kill % 7) : 0;
  const child = fork(new URL("./outbox-child.ts", import.meta.url), [path, String(commits), String(byItself)], {
    execArgv: ["--import", "tsx", "--conditions=@tb/source"],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let output = "";
  let errors = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    if (output === "" && byItself === 0) setTimeout(() => child.kill("SIGKILL"), Math.random() * 40);
    output += chunk;
  });
  child.stderr?.on("data", (chunk: Buffer) => (errors += chunk));
  const [code, signal] = await once(child, "close");
  expect([code, signal, errors]).toEqual([null, "SIGKILL", ""]);
  const lastOf = (kind: string) => Number([...output.matchAll(RegExp(`^${kind} (\\d+)$`, "gm"))].at(-1)?.[1] ?? 0);
  return { outbox: lastOf("outbox"), index: lastOf("index") };
}

const observe = (outbox: Outbox) => ({
  counts: outbox.counts(),
  times: outbox.earliest(10_000).map(({ dueAtMs }) => dueAtMs),
  waiting: outbox.earliest(10_000).toSorted((a, b) => (a.row.uuid < b.row.uuid ? -1 : 1)),
  dead: outbox.deadLetters("", 10_000),
});

it(`${kills} times SIGKILL while index and outbox commit: what has resolved is there, and nothing half`, async () => {
  const path = mkdtempSync(join(tmpdir(), "outbox-kill-"));
  const model = createMemoryOutbox();
  let commits = 0;
  let indexed = 0;
  let unresolved = 0;
  for (let kill = 0; kill < kills; kill++) {
    const resolved = await runAndKill(path, commits, kill);
    await using store = await openLmdbStore({ path });
    for (; commits < resolved.outbox; ) await model.commit(outboxCommit(++commits));
    const found = observe(store.outbox);
    // One commit may have become durable without having been able to say so.
    const newest = Math.max(...found.waiting.map(({ row }) => Number.parseInt(row.uuid.slice(-8), 16) - 24));
    if (newest > commits) {
      unresolved += 1;
      await model.commit(outboxCommit(++commits));
    }
    expect(found).toEqual(observe(model));

    const { sequence } = store.meta();
    indexed = Math.max(indexed, resolved.index);
    expect([indexed, indexed + 1]).toContain(sequence);
    indexed = sequence;
    expect([1, 2, 3].map((id) => store.entry(id)?.sequence ?? 0)).toEqual([sequence, sequence, sequence]);
  }
  // Else no kill came between the two.
  expect(unresolved).toBeGreaterThan(0);
  expect(commits).toBeGreaterThan(kills);
  rmSync(path, { recursive: true, force: true });
}, 600_000);
