import type { SightingRow } from "@tb/misp-core";
import { type AttributeRow, type SavedBatch, saveBatch } from "./save-batch.ts";
import type { SendAnswer, SendSighting } from "./send.ts";
import { type SightingsApi, toFailure } from "./sightings-api.ts";

export interface MispSenderOptions {
  readonly api: SightingsApi;
  /**
   * Finds the event of an attribute that the index does not know; undefined when MISP shows no such attribute. Without it such rows
   * go to `/sightings/add`, where a repeat after a lost answer is a second row.
   */
  readonly eventOf?: (attributeUuid: string, signal: AbortSignal) => Promise<number | undefined>;
  /** Rows in one request; 1.7 ms each (measured). @default 200 */
  readonly maxBatch?: number;
  /** Requests at the same time. @default 4 */
  readonly maxRequests?: number;
}

interface Waiting {
  readonly row: SightingRow;
  readonly signal: AbortSignal;
  readonly answer: (answer: SendAnswer) => void;
}

/**
 * A {@link SendSighting} that writes the rows of one event which are under way at the same time as one batch: give the delivery a
 * `concurrency` of some hundreds then. Batches of one event follow each other, since MISP answers some of several equal ones with 500
 * (recorded). When MISP takes nothing, or refuses the key, whatever waits for its turn learns that, and is not sent.
 */
export function createMispSender({ api, eventOf, maxBatch = 200, maxRequests = 4 }: MispSenderOptions): SendSighting {
  /** By event; rows without one are alone. */
  const queues = new Map<string, Waiting[]>();
  const running = new Set<string>();
  let scheduled = false;

  const pump = () => {
    scheduled = false;
    for (const [key, queue] of queues) {
      if (running.size >= maxRequests) return;
      if (running.has(key)) continue;
      const batch = queue.splice(0, maxBatch).filter(({ signal }) => !signal.aborted);
      if (queue.length === 0) queues.delete(key);
      if (batch.length > 0) void runBatch(key, batch);
    }
  };

  const runBatch = async (key: string, batch: readonly Waiting[]) => {
    running.add(key);
    const together = abortsWithAll(batch.map(({ signal }) => signal));
    const { answers, outage } = await write(batch, together.signal);
    together.dispose();
    running.delete(key);
    const lost: SendAnswer = { outcome: "retry", detail: "the batch has no answer for this row" };
    for (const { row, answer } of batch) answer(answers.get(row.uuid) ?? lost);
    if (outage !== undefined) {
      const rest = [...queues.values()].flat();
      queues.clear();
      for (const { answer } of rest) answer(outage);
    }
    pump();
  };

  const write = async (batch: readonly Waiting[], signal: AbortSignal): Promise<SavedBatch> => {
    const rows = batch.map(({ row }) => row);
    try {
      const known = rows.filter(hasAttribute);
      const [first] = known;
      if (first === undefined) return await addOne(api, rows, signal);
      const eventId = first.target.eventId ?? (await eventOf?.(first.target.attributeUuid, signal));
      if (eventId !== undefined) return await saveBatch(api, eventId, known, signal);
      if (eventOf === undefined) return await addOne(api, rows, signal);
      return same(rows, { outcome: "refused", detail: "MISP shows no such attribute with this key" }, undefined);
    } catch (error) {
      const { answer, ofRequest } = toFailure(error);
      return same(rows, answer, ofRequest ? undefined : answer);
    }
  };

  return (row, signal) =>
    new Promise((resolve) => {
      const eventId = "value" in row.target ? undefined : row.target.eventId;
      const key = eventId === undefined ? row.uuid : String(eventId);
      const queue = queues.get(key) ?? [];
      queue.push({ row, signal, answer: resolve });
      queues.set(key, queue);
      // Not at once: the rows that are sent in one go come in one after another.
      if (!scheduled) queueMicrotask(pump);
      scheduled = true;
    });
}

function hasAttribute(row: SightingRow): row is AttributeRow & { readonly target: { readonly eventId?: number } } {
  return !("value" in row.target);
}

function same(rows: readonly SightingRow[], answer: SendAnswer, outage: SendAnswer | undefined): SavedBatch {
  return { answers: new Map(rows.map(({ uuid }) => [uuid, answer])), outage };
}

async function addOne(api: SightingsApi, rows: readonly SightingRow[], signal: AbortSignal): Promise<SavedBatch> {
  const [row] = rows as [SightingRow];
  const { type, seenAt: timestamp, source } = row;
  const target = "value" in row.target ? row.target : { attributeUuid: row.target.attributeUuid };
  const added = await api.addSighting({ target, type, timestamp, source }, { signal });
  const answer: SendAnswer = added.ok
    ? { outcome: "delivered", detail: "MISP added it" }
    : { outcome: "refused", detail: added.detail };
  return same(rows, answer, undefined);
}

/** Aborts once nobody waits for any of them. */
function abortsWithAll(signals: readonly AbortSignal[]): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const check = () => {
    if (signals.every(({ aborted }) => aborted)) controller.abort();
  };
  for (const signal of signals) signal.addEventListener("abort", check);
  return {
    signal: controller.signal,
    dispose() {
      for (const signal of signals) signal.removeEventListener("abort", check);
    },
  };
}
