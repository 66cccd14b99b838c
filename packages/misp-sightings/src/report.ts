import type { SightingRefusalReason, SightingRow } from "@tb/misp-core";
import type { DropReason } from "./map-sighting.ts";

/** What happened, as data: to be counted, and put into words by whoever keeps the log. */
export type DeliveryReport =
  /** A sighting that could not be read. */
  | { readonly kind: "refused"; readonly reason: SightingRefusalReason; readonly detail: string }
  /** A sighting that was read and goes no further. */
  | { readonly kind: "dropped"; readonly reason: DropReason; readonly detail: string }
  /** Rows of a sighting that are safe in the outbox now; `known` of them were there before. */
  | { readonly kind: "accepted"; readonly rows: number; readonly known: number; readonly lost: number }
  /** MISP's answer proved it, and the outbox has forgotten the row. `sightings`: how many the row stood for. */
  | { readonly kind: "delivered"; readonly row: SightingRow; readonly sightings: number }
  /** A try that failed; the row is tried again. */
  | { readonly kind: "failed"; readonly row: SightingRow; readonly failures: number; readonly detail: string }
  /** A row that became a dead letter; not `kept`: there were too many, so it is gone. */
  | {
      readonly kind: "dead";
      readonly row: SightingRow;
      readonly reason: "refused" | "keeps_failing";
      readonly detail: string;
      readonly kept: boolean;
    }
  /** The throttle put so many rows into one. */
  | { readonly kind: "folded"; readonly rows: number }
  | {
      readonly kind: "state";
      /**
       * `sending`: MISP takes rows (again). `paused`: it does not; the next try is at `untilMs`. `forbidden`: it refuses our key,
       * and nothing is sent until `resume`. `full`: the outbox takes no more, so reading stopped; `reading`: it goes on.
       * `stopped`: drained, or the deadline passed; `waiting` rows stay in the outbox for the next start.
       */
      readonly state: "sending" | "paused" | "forbidden" | "full" | "reading" | "stopped";
      readonly detail: string;
      readonly untilMs?: number;
      readonly waiting?: number;
    };

export type Report = (report: DeliveryReport) => void;
