import type { StoreView } from "@tb/misp-core";

/** An index that knows nothing, for a decision that has nothing but its message. */
export const emptyView: StoreView = {
  meta: () => ({ observedAtMs: 0, sequence: 0, digest: "", complete: false }),
  entry: () => undefined,
  byUuid: () => undefined,
  event: () => undefined,
  idsOfEvent: () => [],
  tagDefinition: () => undefined,
  taggedWith: () => ({ attributeIds: [], eventIds: [] }),
  waitingTags: () => [],
  waitingCount: () => 0,
  liveIdsWithPattern: () => [],
  isDirty: () => false,
  dirtyAfter: () => [],
  entriesAfter: () => [],
  removedBetween: () => [],
};
