import type { Tag } from "./change.ts";
import type { AttachedTag, TagSet } from "./index-entry.ts";

/** No tags, and nothing observed about them yet. */
export const noTags: TagSet = { listedAtMs: 0, attached: [], detached: [] };

function attachedTag(id: number, local: boolean | undefined, atMs: number | undefined): AttachedTag {
  return { id, ...(local === undefined ? {} : { local }), ...(atMs === undefined ? {} : { atMs }) };
}

/** Sorted by id, so that equal sets look equal whatever order MISP listed them in. */
function sorted(tags: AttachedTag[]): AttachedTag[] {
  return tags.sort((a, b) => a.id - b.id);
}

/** A complete list was observed: it replaces what was observed before it; tag messages observed later stand. */
export function listTags(set: TagSet, tags: readonly Tag[], atMs: number): TagSet {
  if (atMs < set.listedAtMs) return set;
  const later = set.attached.filter((tag) => tag.atMs !== undefined && tag.atMs > atMs);
  const attached: AttachedTag[] = [];
  for (const { id, local } of tags) {
    const detachedLater = set.detached.some((tag) => tag.id === id && tag.atMs > atMs);
    // MISP lists a tag twice when it hangs on attribute and event (recorded).
    if (detachedLater || attached.some((tag) => tag.id === id)) continue;
    const attachedLater = later.find((tag) => tag.id === id);
    attached.push(attachedTag(id, attachedLater?.local ?? local, attachedLater?.atMs));
  }
  for (const tag of later) if (!attached.some(({ id }) => id === tag.id)) attached.push(tag);
  return { listedAtMs: atMs, attached: sorted(attached), detached: set.detached.filter((tag) => tag.atMs > atMs) };
}

/** A tag message attached a tag. `local` is kept when it is known and the message does not say it. */
export function attachTag(set: TagSet, id: number, local: boolean | undefined, atMs: number): TagSet {
  if (atMs < set.listedAtMs || set.detached.some((tag) => tag.id === id && tag.atMs >= atMs)) return set;
  const before = set.attached.find((tag) => tag.id === id);
  if (before?.atMs !== undefined && before.atMs > atMs) return set;
  const others = set.attached.filter((tag) => tag.id !== id);
  return {
    listedAtMs: set.listedAtMs,
    attached: sorted([...others, attachedTag(id, local ?? before?.local, atMs)]),
    detached: set.detached.filter((tag) => tag.id !== id),
  };
}

/** A tag message detached a tag, or the tag itself was deleted. At the same time as an attachment, the removal wins. */
export function detachTag(set: TagSet, id: number, atMs: number): TagSet {
  if (atMs < set.listedAtMs || set.attached.some((tag) => tag.id === id && (tag.atMs ?? 0) > atMs)) return set;
  if (set.detached.some((tag) => tag.id === id && tag.atMs >= atMs)) return set;
  return {
    listedAtMs: set.listedAtMs,
    attached: set.attached.filter((tag) => tag.id !== id),
    // Kept until the next complete list, so that an older one that comes late does not bring the tag back.
    detached: [...set.detached.filter((tag) => tag.id !== id), { id, atMs }],
  };
}

/** Whether two sets hold the same tags with the same attachment properties, whenever observed. */
export function sameTags(a: TagSet, b: TagSet): boolean {
  if (a.attached.length !== b.attached.length) return false;
  return a.attached.every((tag, i) => tag.id === b.attached[i]?.id && tag.local === b.attached[i]?.local);
}
