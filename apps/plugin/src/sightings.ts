import type { MispApi } from "@tb/misp-api";
import {
  type Bus,
  decodeSighting,
  isFields,
  type Notification,
  type Outbox,
  readId,
  type StoreView,
} from "@tb/misp-core";
import {
  createMispSender,
  createSightingDelivery,
  type DeliveryReport,
  type SightingDeliveryOptions,
} from "@tb/misp-sightings";
import type { Counters } from "./counters.ts";

/** Rows under way at once: the sender makes batches of those of one event, so it needs many to choose from. */
const concurrency = 400;

/** What the way of sightings to MISP is made of; whoever composes disposes of it. */
export interface SightingParts {
  readonly store: StoreView;
  readonly outbox: Outbox;
  readonly bus: Pick<Bus, "sightings">;
  readonly api: Pick<MispApi, "addSighting" | "addSightings" | "findSightings" | "attributesByUuid">;
  readonly options: Pick<SightingDeliveryOptions, "byValue" | "source" | "maxRows" | "throttleMs">;
  readonly counters: Counters;
  /** Says what a person should know. `cause` tells what is the same, so that it can be said rarely. */
  readonly say: (level: "info" | "warn" | "error", cause: string, text: string) => void;
}

/** Sightings on their way from the bus to MISP. */
export interface SightingWay {
  /**
   * Takes sightings and sends them until `signal` aborts, then what is due, as far as `deadline` allows. What is left is sent after the
   * next start. Rejects when the outbox cannot be written.
   */
  run(options: { readonly signal: AbortSignal; readonly deadline: AbortSignal }): Promise<void>;
  /** MISP takes our key again: whatever a 403 stopped goes on. */
  resume(): void;
  /** Counts a notification of MISP's that tells of one of our own sightings. */
  recognise(notification: Notification): void;
}

export function createSightingWay({ store, outbox, bus, api, options, counters, say }: SightingParts): SightingWay {
  const eventOf = async (attributeUuid: string, signal: AbortSignal): Promise<number | undefined> => {
    for await (const { rows } of api.attributesByUuid([attributeUuid], { signal })) {
      for (const row of rows) if (isFields(row)) return readId(row["event_id"]);
    }
    return undefined;
  };
  const delivery = createSightingDelivery({
    ...options,
    outbox,
    concurrency,
    send: createMispSender({ api, eventOf }),
    index: {
      attribute(uuid) {
        const found = store.byUuid(uuid);
        const entry = found !== undefined && "id" in found ? store.entry(found.id) : undefined;
        return entry === undefined || entry.gone !== undefined ? undefined : { eventId: entry.eventId };
      },
      complete: () => store.meta().complete,
    },
    report: (report) => tell(report, counters, say),
  });
  return {
    async run({ signal, deadline }) {
      const reading = new AbortController();
      const stop = () => reading.abort();
      signal.addEventListener("abort", stop, { once: true });
      if (signal.aborted) stop();
      try {
        // Neither goes on without the other: what is accepted must be sent, and what cannot be written must not be accepted.
        await Promise.all([
          delivery.accept(bus, { signal: reading.signal }),
          delivery.run({ signal: reading.signal, deadline }),
        ]);
      } finally {
        stop();
        signal.removeEventListener("abort", stop);
      }
    },
    resume: delivery.resume,
    recognise(notification) {
      const sighting = decodeSighting(notification);
      if (sighting?.action === "add" && delivery.recognise(sighting) !== undefined) counters.increment("echoed");
    },
  };
}

/** Without an API key: reads what tools report all the same, since a pipe that nobody reads blocks its writer, and says that it goes nowhere. */
export async function discardSightings(
  bus: Pick<Bus, "sightings">,
  { signal, counters, say }: { readonly signal: AbortSignal } & Pick<SightingParts, "counters" | "say">,
): Promise<void> {
  for await (const { ack } of bus.sightings({ signal })) {
    counters.increment("sightingsDropped", "no_api");
    say("warn", "no_api", "sightings are dropped: reporting them to MISP needs api with a key");
    ack();
  }
}

function tell(report: DeliveryReport, counters: Counters, say: SightingParts["say"]): void {
  switch (report.kind) {
    case "refused":
    case "dropped":
      counters.increment("sightingsDropped", report.reason);
      say("warn", `sighting ${report.reason}`, `a sighting was dropped (${report.reason}): ${report.detail}`);
      break;
    case "accepted":
      counters.increment("sightings", undefined, report.rows - report.known);
      counters.increment("sightingsDropped", "count_above_max_rows", report.lost);
      break;
    case "delivered":
      counters.increment("delivered", undefined, report.sightings);
      break;
    case "failed":
      say("warn", "sighting failed", `MISP did not take a sighting, it is tried again: ${report.detail}`);
      break;
    case "dead": {
      counters.increment("deadLetters", report.reason);
      const kept = report.kept ? "threatbus-misp dead-letters shows it" : "there are too many, so it is not kept";
      const text = `sighting ${report.row.uuid} will not reach MISP, ${kept}: ${report.detail}`;
      say("error", `dead ${report.reason}`, text);
      break;
    }
    case "folded":
      counters.increment("folded", undefined, report.rows);
      break;
    case "state":
      tellState(report, say);
  }
}

function tellState(
  { state, detail, waiting }: Extract<DeliveryReport, { readonly kind: "state" }>,
  say: SightingParts["say"],
): void {
  if (state === "stopped" && waiting === 0) return;
  const level = state === "forbidden" ? "error" : state === "paused" || state === "full" ? "warn" : "info";
  const left = waiting === undefined ? "" : `, ${waiting} wait`;
  say(level, `sightings ${state}`, `sightings to MISP ${state}${left}: ${detail}`);
}
