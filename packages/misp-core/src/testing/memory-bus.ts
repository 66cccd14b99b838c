import type { Bus, BusStatus, SightingDelivery, SnapshotRequest } from "../contracts.ts";
import { createFeed } from "../status-feed.ts";
import type { StixObject } from "../stix.ts";
import { createChannel } from "./channel.ts";

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
  const up: BusStatus = { state: "up", detail: "in memory" };
  const feed = createFeed<BusStatus>(up, { is: () => false, sum: () => undefined });
  let isDown = false;
  let waiting: Waiting[] = [];
  let failure: Error | undefined;

  const handOver = (objects: readonly StixObject[]) => {
    published.push(...objects);
    for (const arrive of arrivals) arrive();
  };
  const lose = (error: Error) => {
    if (failure !== undefined) return;
    failure = error;
    feed.end({ state: "down", detail: error.message });
    for (const { reject } of waiting) reject(error);
    waiting = [];
  };

  return {
    published,
    async publish(objects) {
      if (failure !== undefined) throw failure;
      if (isDown) {
        return new Promise((resolve, reject) => waiting.push({ objects, resolve, reject }));
      }
      handOver(objects);
    },
    sightings: ({ signal }) => sightings.read(signal),
    snapshotRequests: ({ signal }) => snapshots.read(signal),
    status: feed.read,
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
      isDown = true;
      feed.tell({ state: "down", detail: "taken down" });
    },
    bringUp() {
      isDown = false;
      feed.tell(up);
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
