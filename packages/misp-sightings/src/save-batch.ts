import type { SightingRow } from "@tb/misp-core";
import type { SendAnswer } from "./send.ts";
import { type SightingsApi, toFailure } from "./sightings-api.ts";

/** A row whose attribute is known. */
export type AttributeRow = SightingRow & { readonly target: { readonly attributeUuid: string } };

export interface SavedBatch {
  /** One for each row, by its uuid. */
  readonly answers: ReadonlyMap<string, SendAnswer>;
  /** MISP takes nothing at the moment, and this is why: no other request can succeed either. */
  readonly outage: SendAnswer | undefined;
}

/** So many single rows that fail, and none that succeeds: it is not the rows. */
const failuresAlone = 3;

/**
 * Writes rows of one event, and finds out for each what became of it. MISP makes that hard (all of it recorded): one item that it
 * does not like drops the whole batch with the same answer as "all known", and one that it stumbles over fails it with 500. So
 * unless the number in the answer proves the whole batch, its sightings are looked up, and what is not there is sent again in
 * halves, down to the one row that is to blame.
 */
export async function saveBatch(
  api: SightingsApi,
  eventId: number,
  rows: readonly AttributeRow[],
  signal: AbortSignal,
): Promise<SavedBatch> {
  const answers = new Map<string, SendAnswer>();
  let outage: SendAnswer | undefined;
  let takes = false;
  let failedAlone = 0;

  const settle = (some: readonly SightingRow[], answer: SendAnswer) => {
    for (const { uuid } of some) answers.set(uuid, answer);
  };

  const saveHalves = async (some: readonly AttributeRow[]) => {
    const middle = Math.ceil(some.length / 2);
    await save(some.slice(0, middle));
    await save(some.slice(middle));
  };

  const fail = async (some: readonly AttributeRow[], error: unknown) => {
    const { answer, ofRequest } = toFailure(error);
    if (!ofRequest) outage = answer;
    else if (some.length > 1) return saveHalves(some);
    else if (!takes && ++failedAlone >= failuresAlone) outage = answer;
    settle(some, answer);
  };

  const save = async (some: readonly AttributeRow[]): Promise<void> => {
    if (some.length === 0) return;
    if (outage !== undefined) return settle(some, outage);
    let saved: Awaited<ReturnType<SightingsApi["addSightings"]>>;
    try {
      saved = await api.addSightings(eventId, some.map(toItem), { signal });
    } catch (error) {
      return fail(some, error);
    }
    if (!saved.ok && saved.reason === "invalid") {
      const { index, detail } = saved;
      settle(some.slice(index, index + 1), { outcome: "refused", detail });
      return save(some.filter((_, other) => other !== index));
    }
    takes = true;
    if (!saved.ok) settle(some, { outcome: "refused", detail: saved.detail });
    else if (saved.proven) settle(some, { outcome: "delivered", detail: `MISP added ${saved.added}` });
    else await lookUp(some, saved.added);
  };

  const lookUp = async (some: readonly AttributeRow[], added: number): Promise<void> => {
    const missing: AttributeRow[] = [];
    for (const group of groupByAttribute(some)) {
      try {
        const found = await find(api, group, signal);
        settle(
          group.filter(({ uuid }) => found.has(uuid)),
          { outcome: "delivered", detail: "MISP has it" },
        );
        missing.push(...group.filter(({ uuid }) => !found.has(uuid)));
      } catch (error) {
        // Which of them are written is not known: they are sent again.
        settle(group, toFailure(error).answer);
      }
    }
    // MISP went through the batch and left these out, or it was about this row alone.
    if (added > 0 || some.length === 1) {
      const detail =
        "MISP neither adds nor shows it: the attribute is unknown or not visible with this key, or another sighting has the uuid";
      settle(missing, { outcome: "refused", detail });
    } else if (missing.length < some.length) {
      await save(missing);
    } else {
      await saveHalves(missing);
    }
  };

  await save(rows);
  return { answers, outage };
}

function toItem({ uuid, target, type, seenAt, source }: AttributeRow) {
  return { uuid, attributeUuid: target.attributeUuid, type, timestamp: seenAt, source };
}

function groupByAttribute(rows: readonly AttributeRow[]): readonly (readonly AttributeRow[])[] {
  const attributes = new Set(rows.map(({ target }) => target.attributeUuid));
  return [...attributes].map((attribute) => rows.filter(({ target }) => target.attributeUuid === attribute));
}

/** There is no search by a sighting's uuid. Without a window MISP looks back 30 days only (recorded). */
async function find(
  api: SightingsApi,
  rows: readonly AttributeRow[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const times = rows.map(({ seenAt }) => seenAt);
  const attributeUuid = rows[0]?.target.attributeUuid ?? "";
  const window = { from: Math.min(...times), to: Math.max(...times) };
  const found = await api.findSightings(attributeUuid, window, { signal });
  return new Set(found.map(({ uuid }) => uuid));
}
