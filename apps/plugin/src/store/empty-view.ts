import { emptyMeta, type StoreView } from "@tb/misp-core";

/** An index that knows nothing, for a decision that has nothing but its message. */
export const emptyView: StoreView = {
  meta: () => emptyMeta,
  entry: () => undefined,
  byUuid: () => undefined,
  event: () => undefined,
  idsOfEvent: () => [],
  eventsAfter: () => [],
  tagDefinition: () => undefined,
  tagDefinitions: () => [],
  taggedWith: () => ({ attributeIds: [], eventIds: [] }),
  waitingTags: () => [],
  waitingCount: () => 0,
  liveIdsWithPattern: () => [],
  isDirty: () => false,
  dirtyAfter: () => [],
  entriesAfter: () => [],
  removedBetween: () => [],
  dueBetween: () => [],
};
