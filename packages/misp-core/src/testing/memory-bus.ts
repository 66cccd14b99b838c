import type { Bus, BusStatus, SightingDelivery, SnapshotRequest } from "../contracts.ts";
import type { StixObject } from "../stix.ts";
import { type Channel, createChannel } from "./channel.ts";

/** A bus in memory, with the other side of it in the hands of a test. */
export interface MemoryBus extends Bus {
  /** Every object that was handed over, in order. */
  readonly published: readonly StixObject[];
  /** What was handed over, as soon as it is `count` objects or more. */
  received(count: number): Promise<readonly StixObject[]>;
  /** From now on `publish` waits. */
  takeDown(): void;
  /** What waits is handed over, in the order of the calls. */
  bringUp(): void;
  /** Lost for good: what waits and every later `publish` rejects with this error; status ends. */
  lose(error: Error): void;
  /** A detection tool reports a sighting. */
  deliverSighting(sighting: unknown): { readonly acked: boolean };
  /** An app asks for a snapshot. */
  requestSnapshot(sinceMs: number): MemorySnapshot;
}

/** What the app that asked has got so far. */
export interface MemorySnapshot {
  readonly objects: readonly StixObject[];
  /** Resolves when the snapshot has come to its end. */
  readonly ended: Promise<void>;
}

interface Waiting {
  readonly objects: readonly StixObject[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export function createMemoryBus(): MemoryBus {
  const published: StixObject[] = [];
  const arrivals = new Set<() => void>();
  const sightings = createChannel<SightingDelivery>();
  const snapshots = createChannel<SnapshotRequest>();
  const watchers = new Set<Channel<BusStatus>>();
  let status: BusStatus = { state: "up", detail: "in memory" };
  let waiting: Waiting[] = [];
  let failure: Error | undefined;

  const report = (next: BusStatus) => {
    status = next;
    for (const watcher of watchers) watcher.put(next);
  };
  const handOver = (objects: readonly StixObject[]) => {
    published.push(...objects);
    for (const arrive of arrivals) arrive();
  };
  const lose = (error: Error) => {
    if (failure !== undefined) return;
    failure = error;
    report({ state: "down", detail: error.message });
    for (const { reject } of waiting) reject(error);
    waiting = [];
    for (const watcher of watchers) watcher.close();
  };

  return {
    published,
    async publish(objects) {
      if (failure !== undefined) throw failure;
      if (status.state === "down") {
        return new Promise((resolve, reject) => waiting.push({ objects, resolve, reject }));
      }
      handOver(objects);
    },
    sightings: ({ signal }) => sightings.read(signal),
    snapshotRequests: ({ signal }) => snapshots.read(signal),
    status() {
      const watcher = createChannel<BusStatus>();
      watcher.put(status);
      if (failure === undefined) watchers.add(watcher);
      else watcher.close();
      return watcher.read();
    },
    received: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (published.length < count) return;
          arrivals.delete(look);
          resolve([...published]);
        };
        arrivals.add(look);
        look();
      }),
    takeDown() {
      if (failure === undefined) report({ state: "down", detail: "taken down" });
    },
    bringUp() {
      if (failure !== undefined) return;
      report({ state: "up", detail: "in memory" });
      for (const { objects, resolve } of waiting) {
        handOver(objects);
        resolve();
      }
      waiting = [];
    },
    lose,
    deliverSighting(sighting) {
      const delivered = { acked: false };
      sightings.put({
        sighting,
        ack: () => {
          delivered.acked = true;
        },
      });
      return delivered;
    },
    requestSnapshot(sinceMs) {
      const objects: StixObject[] = [];
      let finish = () => {};
      const ended = new Promise<void>((resolve) => {
        finish = resolve;
      });
      snapshots.put({
        sinceMs,
        send: async (chunk) => void objects.push(...chunk),
        end: async () => finish(),
      });
      return { objects, ended };
    },
    async [Symbol.asyncDispose]() {
      lose(new Error("the bus is disposed"));
      sightings.close();
      snapshots.close();
    },
  };
}
