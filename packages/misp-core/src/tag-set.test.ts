import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TagSet } from "./index-entry.ts";
import { attachTag, detachTag, listTags, noTags, sameTags } from "./tag-set.ts";
import { runs } from "./testing/thorough.ts";

const ids = (set: TagSet) => set.attached.map(({ id }) => id);
const tag = (id: number, local?: boolean) => ({ id, name: `tag ${id}`, ...(local === undefined ? {} : { local }) });

describe("tag set", () => {
  it("a complete list replaces what was observed before it", () => {
    const set = attachTag(listTags(noTags, [tag(1)], 1), 2, undefined, 2);
    expect(ids(listTags(set, [tag(3)], 3))).toEqual([3]);
  });

  it("a tag message that was observed later stands against an older list that comes late", () => {
    const set = detachTag(attachTag(noTags, 2, undefined, 5), 1, 6);
    expect(ids(listTags(set, [tag(1), tag(3)], 4))).toEqual([2, 3]);
  });

  it("an older list that comes late is ignored after a newer one", () => {
    expect(ids(listTags(listTags(noTags, [tag(1)], 5), [tag(2)], 4))).toEqual([1]);
  });

  it("a list names a tag once, though MISP lists one twice that hangs on attribute and event", () => {
    expect(ids(listTags(noTags, [tag(1), tag(1)], 1))).toEqual([1]);
  });

  it("a tag message does not make a known attachment unknown", () => {
    const set = attachTag(listTags(noTags, [tag(1, true)], 1), 1, undefined, 2);
    expect(set.attached).toEqual([{ id: 1, local: true, atMs: 2 }]);
  });

  it("attachment and removal at the same time: the removal wins in either order", () => {
    expect(ids(detachTag(attachTag(noTags, 1, undefined, 1), 1, 1))).toEqual([]);
    expect(ids(attachTag(detachTag(noTags, 1, 1), 1, undefined, 1))).toEqual([]);
  });

  it("an older removal that comes late does not make the newer one forgotten", () => {
    const set = detachTag(detachTag(noTags, 1, 5), 1, 3);
    expect(set.detached).toEqual([{ id: 1, atMs: 5 }]);
    expect(ids(attachTag(set, 1, undefined, 4))).toEqual([]);
    expect(ids(attachTag(set, 1, undefined, 6))).toEqual([1]);
  });

  it("an older attachment that comes late changes nothing", () => {
    const set = attachTag(noTags, 1, undefined, 5);
    expect(attachTag(set, 1, true, 4)).toBe(set);
    expect(detachTag(set, 1, 4)).toBe(set);
    expect(ids(detachTag(set, 1, 6))).toEqual([]);
  });

  it("removals of one tag do not touch another", () => {
    const set = detachTag(attachTag(attachTag(noTags, 1, undefined, 1), 2, undefined, 1), 1, 2);
    expect(ids(set)).toEqual([2]);
    expect(set.detached).toEqual([{ id: 1, atMs: 2 }]);
    expect(ids(detachTag(set, 2, 2))).toEqual([]);
    expect(ids(attachTag(set, 3, undefined, 1))).toEqual([2, 3]);
  });

  it("a removal is remembered until a newer list or attachment, and no longer", () => {
    const set = detachTag(detachTag(noTags, 1, 2), 2, 6);
    expect(listTags(set, [], 4).detached).toEqual([{ id: 2, atMs: 6 }]);
    expect(attachTag(set, 1, undefined, 3).detached).toEqual([{ id: 2, atMs: 6 }]);
  });

  it("says whether two sets hold the same tags, whenever observed", () => {
    expect(sameTags(listTags(noTags, [tag(1), tag(2)], 1), listTags(noTags, [tag(2), tag(1)], 2))).toBe(true);
    expect(sameTags(listTags(noTags, [tag(1, true)], 1), listTags(noTags, [tag(1, false)], 1))).toBe(false);
    expect(sameTags(listTags(noTags, [tag(1)], 1), listTags(noTags, [tag(2)], 1))).toBe(false);
  });

  it("property: facts with different times give the same tags in whatever order they come", () => {
    const fact = fc.oneof(
      fc.record({ kind: fc.constant("list" as const), ids: fc.uniqueArray(fc.integer({ min: 1, max: 4 })) }),
      fc.record({ kind: fc.constantFrom("attach" as const, "detach" as const), id: fc.integer({ min: 1, max: 4 }) }),
    );
    const apply = (
      set: TagSet,
      { fact: f, atMs }: { fact: typeof fact extends fc.Arbitrary<infer F> ? F : never; atMs: number },
    ) => {
      if (f.kind === "list")
        return listTags(
          set,
          f.ids.map((id) => tag(id)),
          atMs,
        );
      return f.kind === "attach" ? attachTag(set, f.id, undefined, atMs) : detachTag(set, f.id, atMs);
    };
    fc.assert(
      fc.property(fc.array(fact, { maxLength: 8 }), fc.infiniteStream(fc.nat()), (facts, keys) => {
        const timed = facts.map((f, i) => ({ fact: f, atMs: i + 1 }));
        const shuffled = timed.map((f) => ({ f, key: keys.next().value as number })).sort((a, b) => a.key - b.key);
        const inOrder = timed.reduce(apply, noTags);
        expect(ids(shuffled.map(({ f }) => f).reduce(apply, noTags))).toEqual(ids(inOrder));
      }),
      { numRuns: runs(2000) },
    );
  });
});
