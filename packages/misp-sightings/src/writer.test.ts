import type { Outbox, OutboxChanges } from "@tb/misp-core";
import { createMemoryOutbox, exampleOutboxEntry } from "@tb/misp-core/testing";
import { expect, it } from "vitest";
import { createWriter } from "./writer.ts";

/** An outbox whose commits wait until they are let through, or fail. */
function setUp() {
  const outbox = createMemoryOutbox();
  const commits: { readonly changes: OutboxChanges; readonly settle: (error?: Error) => void }[] = [];
  const slow: Outbox = {
    ...outbox,
    commit: (changes) =>
      new Promise((resolve, reject) =>
        commits.push({
          changes,
          settle: (error) => (error === undefined ? resolve(outbox.commit(changes)) : reject(error)),
        }),
      ),
  };
  return { outbox, commits, writer: createWriter(slow) };
}

const put = (number: number): OutboxChanges => ({ put: [exampleOutboxEntry(number)] });
const turn = () => new Promise((resolve) => setImmediate(resolve));

it("writes what came during a commit in the next one, all of it, one at a time", async () => {
  const { commits, writer, outbox } = setUp();
  const first = writer.write(put(1));
  await turn();
  const others = [2, 3, 4].map((number) => writer.write(put(number)));
  others.push(writer.write({ done: [exampleOutboxEntry(1).row.uuid] }));
  await turn();
  expect(commits).toHaveLength(1);
  commits[0]?.settle();
  await first;
  await turn();
  expect(commits).toHaveLength(2);
  expect(commits[1]?.changes.put).toHaveLength(3);
  commits[1]?.settle();
  await Promise.all(others);
  expect(outbox.counts().waiting).toBe(3);
});

it("writes nothing after a commit that failed, and says so to everyone", async () => {
  const { commits, writer } = setUp();
  const first = writer.write(put(1));
  const failed = expect(first).rejects.toThrow("disk full");
  await turn();
  const second = expect(writer.write(put(2))).rejects.toThrow("disk full");
  commits[0]?.settle(new Error("disk full"));
  await failed;
  await second;
  await expect(writer.write(put(3))).rejects.toThrow("disk full");
  await turn();
  expect(commits).toHaveLength(1);
  await writer.settled();
});
