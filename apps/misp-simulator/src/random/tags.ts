import type { TagRow } from "../rows.ts";
import type { WeightedPick } from "./pick.ts";
import { anyOf, isExportable, once, randomTagName } from "./pools.ts";

/** What a random analyst does to tags. */
export const tagPicks: readonly WeightedPick[] = [
  {
    weight: 10,
    pick(model, random) {
      const row = anyOf(model.state.attributes, random);
      if (row === undefined) return undefined;
      const tag = randomTagName(random);
      if (!isTaken(model.state.tags, tag)) return { action: "addTag", name: tag, exportable: isExportable(tag) };
      const local = once(4, random);
      return { action: "attachTag", id: row.id, tag, local, tagMessageOnly: once(4, random) };
    },
  },
  {
    weight: 6,
    pick(model, random) {
      const row = anyOf(model.state.attributes, random);
      if (row === undefined || row.tags.length === 0) return undefined;
      const tag = row.tags[random(row.tags.length)]?.tag.id ?? 0;
      return { action: "detachTag", id: row.id, tag, tagMessageOnly: once(2, random) };
    },
  },
  {
    weight: 5,
    pick(model, random) {
      const event = anyOf(model.state.events, random);
      const tag = randomTagName(random);
      if (!isTaken(model.state.tags, tag)) return { action: "addTag", name: tag, exportable: isExportable(tag) };
      return event && { action: "tagEvent", id: event.id, tag, local: once(4, random) };
    },
  },
  {
    weight: 4,
    pick(model, random) {
      const event = anyOf(model.state.events, random);
      if (event === undefined || event.tags.length === 0) return undefined;
      return { action: "untagEvent", id: event.id, tag: event.tags[random(event.tags.length)]?.tag.id ?? 0 };
    },
  },
  {
    weight: 2,
    // Within the pool, so that a tag takes the name that another one had before.
    pick(model, random) {
      const tag = anyOf(model.state.tags, random);
      const name = randomTagName(random);
      return tag && !isTaken(model.state.tags, name, tag) ? { action: "renameTag", id: tag.id, name } : undefined;
    },
  },
  {
    weight: 1,
    pick(model, random) {
      const tag = anyOf(model.state.tags, random);
      return tag && { action: "deleteTag", id: tag.id };
    },
  },
  {
    weight: 1,
    silent: true,
    pick(model, random) {
      const [into, from] = [anyOf(model.state.tags, random), anyOf(model.state.tags, random)];
      return into && from && into !== from ? { action: "mergeTags", id: into.id, from: from.id } : undefined;
    },
  },
];

function isTaken(tags: Iterable<TagRow>, name: string, except?: TagRow): boolean {
  const wanted = name.toLowerCase();
  for (const tag of tags) if (tag !== except && tag.name.toLowerCase() === wanted) return true;
  return false;
}
