import type { Bus, MispSighting, Outbox } from "@tb/misp-core";
import { createBell } from "./bell.ts";
import { type Clock, systemClock } from "./clock.ts";
import { createEcho } from "./echo.ts";
import { createIntake } from "./intake.ts";
import type { SightingIndex } from "./map-sighting.ts";
import type { Report } from "./report.ts";
import type { SendSighting } from "./send.ts";
import { createSendLoop } from "./send-loop.ts";
import { defaultSource, type SourceTemplate } from "./source-template.ts";
import { createWriter } from "./writer.ts";

export interface SightingDeliveryOptions {
  readonly outbox: Outbox;
  readonly send: SendSighting;
  readonly index: SightingIndex;
  /** Called with everything that happens, synchronously; it must not throw. */
  readonly report: Report;
  /** @default the system's */
  readonly clock?: Clock;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
  /** A sighting that lost its reference is written to every attribute with its value. @default false */
  readonly byValue?: boolean;
  /** MISP's `source`. @default `threatbus` */
  readonly source?: SourceTemplate;
  /** At most so many rows for the `count` of one sighting; what is above is lost, and reported. @default 100 */
  readonly maxRows?: number;
  /** Rows that are sent at the same time. MISP took 42 a second on four connections (measured). @default 4 */
  readonly concurrency?: number;
  /** A try without an answer counts as failed after so long. @default 120_000 */
  readonly sendTimeoutMs?: number;
  /** At most one row per attribute and kind in this time, carrying the number of sightings. 0: off. @default 0 */
  readonly throttleMs?: number;
  /** With so many rows in the outbox no more sightings are read from the bus. @default 1_000_000 */
  readonly maxWaiting?: number;
  /** Above this a refused row is only reported, not kept. @default 100_000 */
  readonly maxDeadLetters?: number;
}

/** Sightings on their way from a bus through the outbox to MISP. */
export interface DeliveryOfSightings {
  /**
   * Reads the bus until it ends or `signal` aborts, and acknowledges each sighting when it is in the outbox or will never be.
   * Rejects when the outbox cannot be written: what was not acknowledged is not safe.
   */
  accept(bus: Pick<Bus, "sightings">, options: { readonly signal: AbortSignal }): Promise<void>;
  /**
   * Sends what is in the outbox until `signal` aborts, then what is due, until that is done or `deadline` aborts. What is left is
   * sent after the next start. Rejects when the outbox cannot be written. Runs once.
   */
  run(options: { readonly signal: AbortSignal; readonly deadline: AbortSignal }): Promise<void>;
  /** Something has changed (a new key, new permissions): a 403 is final no more, and pauses end. */
  resume(): void;
  /** Whether a sighting that MISP tells of is one of ours. No proof of delivery: MISP tells of rows that it then rolls back. */
  recognise(sighting: MispSighting): "uuid" | "fields" | undefined;
}

const limits = ["maxRows", "concurrency", "sendTimeoutMs", "maxWaiting"] as const;

/**
 * Delivers sightings at least once: a sighting is acknowledged when it is in the outbox, and leaves the outbox when MISP's answer
 * proves it written, or becomes a dead letter when that answer proves that it never will be.
 *
 * @throws RangeError for an option below 1 where at least 1 is needed
 */
export function createSightingDelivery(options: SightingDeliveryOptions): DeliveryOfSightings {
  const settings = {
    clock: systemClock,
    random: Math.random,
    byValue: false,
    source: defaultSource,
    maxRows: 100,
    concurrency: 4,
    sendTimeoutMs: 120_000,
    throttleMs: 0,
    maxWaiting: 1_000_000,
    maxDeadLetters: 100_000,
    ...options,
  };
  for (const name of limits) {
    if (!(settings[name] >= 1)) throw new RangeError(`${name} is ${settings[name]}, and must be 1 at least`);
  }
  const { outbox, byValue, source, maxRows } = settings;
  const shared = { ...settings, writer: createWriter(outbox), room: createBell() };
  const echo = createEcho((uuid) => outbox.holds(uuid) === "waiting");
  const loop = createSendLoop({ ...shared, echo });
  const accept = createIntake({ ...shared, mapping: { byValue, source, maxRows }, onPut: loop.wake });
  return {
    accept: (bus, { signal }) => accept(bus, signal),
    run: loop.run,
    resume: loop.resume,
    recognise: echo.recognise,
  };
}
