import type { AttributeChange } from "./change.ts";
import type { IndexEntry } from "./index-entry.ts";

/**
 * Whether a change's content replaces the entry's. Live facts follow their observed order. A REST row counts as observed
 * when its request was sent; later facts win over it unless its MISP timestamp is strictly newer.
 */
export function isNewerContent(entry: IndexEntry, change: AttributeChange): boolean {
  if (change.observedAtMs !== entry.contentAtMs) {
    if (change.observedAtMs > entry.contentAtMs) return true;
    return change.origin === "rest" && change.content.timestamp > entry.content.timestamp;
  }
  // Only Kafka's record timestamps can tie: the higher MISP timestamp wins, then the removal.
  if (change.content.timestamp !== entry.content.timestamp) return change.content.timestamp > entry.content.timestamp;
  return change.content.deleted || !entry.content.deleted;
}
