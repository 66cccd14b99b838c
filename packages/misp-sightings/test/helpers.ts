import type { Bus, Outbox, SightingDelivery, SightingRow } from "@tb/misp-core";
import type { Clock } from "../src/clock.ts";
import type { DeliveryReport } from "../src/report.ts";
import type { SendAnswer, SendSighting } from "../src/send.ts";

const hex = (number: number) => number.toString(16).padStart(12, "0");
export const attributeUuid = (number: number): string => `4f7a0d01-0de8-4511-bf01-${hex(number)}`;
export const sightingUuid = (number: number): string => `7b006f11-8c6e-45a6-b80a-${hex(number)}`;

/** As a detection tool reports it. */
export function stixSighting(number: number, part: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    type: "sighting",
    spec_version: "2.1",
    id: `sighting--${sightingUuid(number)}`,
    created: "2021-01-02T03:05:00.000Z",
    last_seen: "2021-01-02T03:04:06Z",
    sighting_of_ref: `indicator--${attributeUuid(number)}`,
    ...part,
  };
}

/** A bus that hands over these sightings as fast as they are taken, and then says nothing more. */
export function createTestBus(sightings: Iterable<unknown>): Pick<Bus, "sightings"> & {
  readonly taken: () => number;
  readonly acked: unknown[];
} {
  const acked: unknown[] = [];
  let taken = 0;
  return {
    acked,
    taken: () => taken,
    async *sightings({ signal }): AsyncIterable<SightingDelivery> {
      for (const sighting of sightings) {
        if (signal.aborted) return;
        taken += 1;
        yield { sighting, ack: () => acked.push(sighting) };
      }
      if (!signal.aborted) {
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      }
    },
  };
}

/** What MISP does with one try. `stored` and no answer: the connection broke, or nobody answers. */
export interface Deed {
  readonly stored: boolean;
  /** Undefined: never. An error: thrown. */
  readonly answer: SendAnswer | Error | undefined;
}

export const took: Deed = { stored: true, answer: { outcome: "delivered", detail: "1 sightings added." } };
export const down: Deed = { stored: false, answer: { outcome: "retry", detail: "HTTP 503" } };
export const refused: Deed = { stored: false, answer: { outcome: "refused", detail: "no such attribute" } };
export const forbidden: Deed = { stored: false, answer: { outcome: "forbidden", detail: "HTTP 403" } };

/** A stand-in MISP behind `send`: each row once per uuid, whatever is repeated. */
export function createTestMisp(options: {
  readonly clock: Clock;
  readonly latencyMs?: number;
  readonly deed: (row: SightingRow) => Deed;
}): {
  readonly send: SendSighting;
  readonly stored: Map<string, SightingRow>;
  readonly tries: SightingRow[];
  readonly atOnce: () => number;
} {
  const { clock, latencyMs = 50, deed } = options;
  const stored = new Map<string, SightingRow>();
  const tries: SightingRow[] = [];
  let running = 0;
  let most = 0;
  return {
    stored,
    tries,
    atOnce: () => most,
    send: (row, signal) => {
      tries.push(row);
      running += 1;
      most = Math.max(most, running);
      return new Promise((resolve, reject) => {
        const { stored: stores, answer } = deed(row);
        const cancel = clock.after(latencyMs, () => {
          if (stores && !stored.has(row.uuid)) stored.set(row.uuid, row);
          if (answer === undefined) return;
          running -= 1;
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        });
        signal.addEventListener("abort", () => {
          cancel();
          // Whoever never answers takes no notice of this either.
          if (answer === undefined) return;
          running -= 1;
          reject(new Error("aborted"));
        });
      });
    },
  };
}

type Kinds = { [K in DeliveryReport["kind"]]: Extract<DeliveryReport, { kind: K }>[] };

/** Collects reports by kind. */
export function createReports(): {
  readonly report: (report: DeliveryReport) => void;
  of<K extends keyof Kinds>(kind: K): Kinds[K];
  states(): string[];
} {
  const all: Kinds = {
    refused: [],
    dropped: [],
    accepted: [],
    delivered: [],
    failed: [],
    dead: [],
    folded: [],
    state: [],
  };
  const of = <K extends keyof Kinds>(kind: K): Kinds[K] => all[kind];
  return {
    report: (report) => void (all[report.kind] as DeliveryReport[]).push(report),
    of,
    states: () => all.state.map(({ state }) => state),
  };
}

/** An outbox whose commits take time, as durable ones do. */
export function withSlowCommits(outbox: Outbox, clock: Clock, ms: number): Outbox {
  return {
    ...outbox,
    async commit(changes) {
      await new Promise<void>((resolve) => clock.after(ms, resolve));
      await outbox.commit(changes);
    },
  };
}
