import type { Readable, Writable } from "node:stream";
import type { Bus, BusStatus, SnapshotRequest, StixObject } from "@tb/misp-core";
import { BusError, toBusError } from "./bus-error.ts";
import { pull } from "./pull.ts";
import { createSightingInput, type SightingRefusal } from "./sighting-input.ts";

export interface NdjsonBusOptions {
  /** One JSON object per line goes here. Never ended: it may be the process' standard output. */
  readonly output: Writable;
  /** Sightings, one JSON object per line. Not touched before someone reads sightings; its end ends only that. */
  readonly input: Readable;
  /** A line that is not a sighting, with its number and what is wrong; the next line is read. */
  readonly onRefused: (reason: SightingRefusal, detail: string) => void;
  /** The longest line of input that is read, in bytes. @default 1 MiB */
  readonly maxLineBytes?: number;
}

/**
 * STIX objects to a stream as NDJSON, sightings from another. Nobody can ask for a snapshot.
 *
 * `publish` resolves when the stream has passed the bytes on, so a slow reader makes the caller wait and costs no memory beyond
 * the objects in hand; it rejects with {@link BusError}, for good. On Linux, Node writes to a pipe on standard output without
 * blocking the loop (`test/ndjson-bus.test.ts`), so signals and MISP's messages are served meanwhile.
 */
export function createNdjsonBus(options: NdjsonBusOptions): Bus {
  const { output, input, onRefused, maxLineBytes = 1024 * 1024 } = options;
  const sightings = createSightingInput({ input, maxLineBytes, onRefused });
  const states: BusStatus[] = [{ state: "up", detail: "writing NDJSON" }];
  const readers = new Set<() => void>();
  let failure: BusError | undefined;
  let disposed = false;
  let rejectWrite: ((error: BusError) => void) | undefined;
  let lastPublish: Promise<unknown> = Promise.resolve();

  const wakeReaders = () => {
    for (const wake of [...readers]) wake();
  };
  const subscribe = (wake: () => void) => {
    readers.add(wake);
    return () => void readers.delete(wake);
  };

  const lose = (error: BusError): BusError => {
    if (failure !== undefined) return failure;
    failure = error;
    // Who disposed of the bus knows; nobody needs to be warned.
    if (!disposed) states.push({ state: "down", detail: error.message });
    rejectWrite?.(error);
    wakeReaders();
    return error;
  };
  const onError = (error: Error) => void lose(toBusError(error));
  const onClose = () => void lose(new BusError("write-failed", "the NDJSON output was closed"));
  output.on("error", onError).on("close", onClose);

  const write = (objects: readonly StixObject[]) =>
    new Promise<void>((resolve, reject) => {
      if (failure !== undefined) throw failure;
      if (objects.length === 0) return resolve();
      const text = objects.map((object) => `${JSON.stringify(object)}\n`).join("");
      rejectWrite = reject;
      output.write(text, (error) => {
        rejectWrite = undefined;
        if (error) reject(lose(toBusError(error)));
        else resolve();
      });
    });

  return {
    publish(objects) {
      // One write at a time, whoever calls: the stream's own buffer never holds more than one chunk.
      const result = lastPublish.then(() => write(objects));
      lastPublish = result.catch(() => {});
      return result;
    },
    sightings: ({ signal }) =>
      pull(
        {
          take: () => (disposed ? undefined : sightings.take()),
          over: () => disposed || sightings.over(),
          subscribe(wake) {
            const ends = [subscribe(wake), sightings.subscribe(wake)];
            return () => {
              for (const end of ends) end();
            };
          },
        },
        signal,
      ),
    snapshotRequests: ({ signal }) =>
      pull<SnapshotRequest>({ take: () => undefined, over: () => disposed, subscribe }, signal),
    status() {
      let next = states.length - 1;
      const take = () => {
        const state = states[next];
        if (state !== undefined) next += 1;
        return state;
      };
      return pull({ take, over: () => failure !== undefined, subscribe });
    },
    async [Symbol.asyncDispose]() {
      if (disposed) return;
      disposed = true;
      const writing = rejectWrite !== undefined;
      lose(new BusError("disposed", "the NDJSON output was closed by the program"));
      wakeReaders();
      output.off("error", onError).off("close", onClose);
      // The write that is on its way may still fail, and an error that nobody listens to ends the process.
      if (writing) output.once("error", () => {});
    },
  };
}
