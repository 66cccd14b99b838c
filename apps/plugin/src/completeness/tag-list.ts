import { setImmediate as nextTurn } from "node:timers/promises";
import type { MispApi } from "@tb/misp-api";
import { MispApiError } from "@tb/misp-api";
import type { Change, StoreView } from "@tb/misp-core";

/** What MISP's list of tags says that the index does not know. */
export interface TagNews {
  /** Other names, and whether they may leave MISP. */
  readonly changes: readonly Change[];
  /** Events that carry a tag which is not in the list, themselves or in an attribute: deleted or merged, no message may have told. */
  readonly eventIds: ReadonlySet<number>;
  /** Tags that are not in the list, and were not looked at yet. */
  readonly missing: readonly number[];
}

/** Read in one go: what is live must not wait for a walk over all that carries a tag. */
const attributesPerTurn = 2_000;

/**
 * Renaming, deleting and merging tags changes no event's version (read in MISP's code), and rows never say whether a tag is
 * exportable, so the list of tags is compared by itself. A tag that is missing there may only be hidden from our key: what carries it
 * is read once more, and says whether it still does. `unlisted` are those that were looked at: whoever has seen to it that their events will be
 * read adds `missing`. One that is listed again is taken out.
 */
export async function readTagNews(
  api: Pick<MispApi, "tags">,
  store: StoreView,
  { signal, requestedAtMs, unlisted }: { signal: AbortSignal; requestedAtMs: number; unlisted: Set<number> },
): Promise<TagNews> {
  const listed = await readList(api, signal);
  if (listed === undefined) return { changes: [], eventIds: new Set(), missing: [] };
  const changes = listed.flatMap(({ id, name, exportable }): Change[] => {
    const known = store.tagDefinition(id);
    if (known?.name === name && known.exportable === exportable) return [];
    const tag = { id, name, ...(exportable === undefined ? {} : { exportable }) };
    return [{ kind: "tag-renamed", origin: "rest", observedAtMs: requestedAtMs, tag }];
  });
  const ids = new Set(listed.map(({ id }) => id));
  const eventIds = new Set<number>();
  const missing: number[] = [];
  for (const { id } of [...store.tagDefinitions()]) {
    if (ids.has(id)) unlisted.delete(id);
    else if (!unlisted.has(id)) {
      missing.push(id);
      const carriers = store.taggedWith(id);
      for (const eventId of carriers.eventIds) eventIds.add(eventId);
      for (const [i, attributeId] of carriers.attributeIds.entries()) {
        eventIds.add(store.entry(attributeId)?.eventId ?? 0);
        if (i % attributesPerTurn === attributesPerTurn - 1) {
          await nextTurn();
          signal.throwIfAborted();
        }
      }
    }
  }
  return { changes, eventIds, missing };
}

/** Undefined where MISP does not let this key see the list: events can be compared all the same. */
async function readList(api: Pick<MispApi, "tags">, signal: AbortSignal) {
  try {
    return await api.tags({ signal });
  } catch (error) {
    if (error instanceof MispApiError && (error.code === "forbidden" || error.code === "not-found")) return undefined;
    throw error;
  }
}
