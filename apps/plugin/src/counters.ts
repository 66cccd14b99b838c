/** What is counted with a total alone. */
type PlainCounter =
  /** Notifications that a source handed over. */
  | "received"
  /** New announcements that the bus took. */
  | "announced"
  /** Announcements of a known pattern with other fields that the bus took. */
  | "edited"
  /** Removals that the bus took. */
  | "removed"
  /** Announcements sent again behind a removal, since another indicator still holds the value. */
  | "repeated"
  /** Rows for sightings of tools that are safe in the outbox. */
  | "sightings"
  /** Sightings whose rows MISP has, as its answer proved. */
  | "delivered"
  /** Rows that the throttle put into one. */
  | "folded"
  /** Of our own sightings, those that MISP told of on its stream. */
  | "echoed"
  /** Comparisons of the index with MISP that went through. */
  | "reconciled"
  /** Attributes read for them. */
  | "rows"
  /** Attributes that MISP no longer shows, and that were taken away. */
  | "absent";

/** What is counted by reason as well. */
type ReasonCounter =
  /** Verdicts that withheld an attribute. */
  | "withheld"
  /** Notifications, or lines on stdin, that could not be read. */
  | "refused"
  /** Changes that were understood and had to be left out, such as stragglers of a deleted event. */
  | "dropped"
  /** Times that the source may have missed messages. */
  | "gap"
  /** Sightings of tools that go nowhere. */
  | "sightingsDropped"
  /** Rows that MISP will never take. */
  | "deadLetters";

/** All counts so far. Reasons appear once something was counted under them. */
type CounterSnapshot = Readonly<Record<PlainCounter, number>> & Readonly<Record<ReasonCounter, ReasonCount>>;

interface ReasonCount {
  readonly total: number;
  /** Largest first. */
  readonly reasons: readonly (readonly [reason: string, count: number])[];
}

/** Counts since the start of the process. */
export interface Counters {
  /** Adds `n` (default 1; 0 adds nothing, and no reason either). */
  increment(name: PlainCounter, reason?: undefined, n?: number): void;
  increment(name: ReasonCounter, reason: string, n?: number): void;
  /** A copy: it does not change any more. */
  snapshot(): CounterSnapshot;
}

export function createCounters(): Counters {
  const plain: Record<PlainCounter, number> = {
    received: 0,
    announced: 0,
    edited: 0,
    removed: 0,
    repeated: 0,
    sightings: 0,
    delivered: 0,
    folded: 0,
    echoed: 0,
    reconciled: 0,
    rows: 0,
    absent: 0,
  };
  // Maps, since a reason may be any string: an object would take `__proto__` for something else.
  const byReason: Record<ReasonCounter, Map<string, number>> = {
    withheld: new Map(),
    refused: new Map(),
    dropped: new Map(),
    gap: new Map(),
    sightingsDropped: new Map(),
    deadLetters: new Map(),
  };
  const reasonCount = (counts: ReadonlyMap<string, number>): ReasonCount => {
    const reasons = [...counts].sort(([, a], [, b]) => b - a);
    return { total: reasons.reduce((sum, [, count]) => sum + count, 0), reasons };
  };

  return {
    increment(name: PlainCounter | ReasonCounter, reason?: string, n = 1): void {
      if (n === 0) return;
      if (reason === undefined) {
        plain[name as PlainCounter] += n;
      } else {
        const counts = byReason[name as ReasonCounter];
        counts.set(reason, (counts.get(reason) ?? 0) + n);
      }
    },
    snapshot: () => ({
      ...plain,
      withheld: reasonCount(byReason.withheld),
      refused: reasonCount(byReason.refused),
      dropped: reasonCount(byReason.dropped),
      gap: reasonCount(byReason.gap),
      sightingsDropped: reasonCount(byReason.sightingsDropped),
      deadLetters: reasonCount(byReason.deadLetters),
    }),
  };
}

/**
 * One line for a person: `received 12, announced 3, removed 1, withheld 7 (filter 5, unmapped_type 2), refused 1 (invalid_json 1)`.
 * These five are always there; the others follow when there is something to say. Equal lines mean that nothing changed.
 */
export function summaryLine(snapshot: CounterSnapshot): string {
  const parts = [
    `received ${snapshot.received}`,
    `announced ${snapshot.announced}`,
    `removed ${snapshot.removed}`,
    withReasons("withheld", snapshot.withheld),
    withReasons("refused", snapshot.refused),
  ];
  if (snapshot.edited > 0) parts.push(`edited ${snapshot.edited}`);
  if (snapshot.repeated > 0) parts.push(`repeated ${snapshot.repeated}`);
  if (snapshot.dropped.total > 0) parts.push(withReasons("dropped", snapshot.dropped));
  if (snapshot.gap.total > 0) parts.push(withReasons("gaps", snapshot.gap));
  if (snapshot.reconciled > 0) parts.push(`reconciled ${snapshot.reconciled}`);
  if (snapshot.rows > 0) parts.push(`read ${snapshot.rows}`);
  if (snapshot.absent > 0) parts.push(`absent ${snapshot.absent}`);
  if (snapshot.sightings > 0) parts.push(`sightings ${snapshot.sightings}`);
  if (snapshot.delivered > 0) parts.push(`delivered ${snapshot.delivered}`);
  if (snapshot.folded > 0) parts.push(`folded ${snapshot.folded}`);
  if (snapshot.echoed > 0) parts.push(`seen at MISP ${snapshot.echoed}`);
  if (snapshot.sightingsDropped.total > 0) parts.push(withReasons("sightings dropped", snapshot.sightingsDropped));
  if (snapshot.deadLetters.total > 0) parts.push(withReasons("dead letters", snapshot.deadLetters));
  return parts.join(", ");
}

function withReasons(name: string, { total, reasons }: ReasonCount): string {
  if (total === 0) return `${name} 0`;
  return `${name} ${total} (${reasons.map(([reason, count]) => `${reason} ${count}`).join(", ")})`;
}
