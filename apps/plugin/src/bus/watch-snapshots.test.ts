import type { SnapshotRequest, StixObject } from "@tb/misp-core";
import { createMemoryBus } from "@tb/misp-core/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { watchSnapshots } from "./watch-snapshots.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const objects = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ type: "x", id: `${n}` }) as unknown as StixObject);

async function open(sinceMs: number, ended?: AbortSignal) {
  const bus = createMemoryBus();
  const said: string[] = [];
  const original = bus.snapshotRequests;
  const watched = watchSnapshots(
    {
      ...bus,
      async *snapshotRequests(options) {
        for await (const request of original(options))
          yield ended === undefined ? request : { ...request, signal: ended };
      },
    },
    (level, cause, text) => said.push(`${level} ${cause}: ${text}`),
  );
  const snapshot = bus.requestSnapshot(sinceMs);
  const { value } = await watched
    .snapshotRequests({ signal: new AbortController().signal })
    [Symbol.asyncIterator]()
    .next();
  return { request: value as SnapshotRequest, snapshot, said };
}

it("a snapshot's progress and end are told, and its chunks go on in the same turn", async () => {
  const { request, snapshot, said } = await open(2 * 86_400_000);
  void request.send(objects(500));
  expect(snapshot.objects).toHaveLength(500);
  vi.advanceTimersByTime(10_000);
  await request.send(objects(500));
  vi.advanceTimersByTime(9_000);
  await request.send(objects(1));
  await request.end();
  await request.end();
  await snapshot.ended;
  expect(said).toEqual([
    "info snapshot 1 progress 10: snapshot 1 (2 days): 1000 objects after 10 s",
    "info snapshot 1 end: snapshot 1 (2 days): 1001 objects in 19 s",
  ]);
});

it("a snapshot whose app has gone is told so", async () => {
  const { request, said } = await open(86_400_000, AbortSignal.abort());
  await request.send(objects(3));
  await request.end();
  expect(said).toEqual(["warn snapshot 1 gone: snapshot 1 (1 days): its app has gone after 3 objects and 0 s"]);
});

it("a snapshot of nothing that asked for no time is not told of", async () => {
  const { request, said } = await open(0);
  await request.end();
  expect(said).toEqual([]);
});
