import fc from "fast-check";
import { expect, it } from "vitest";
import { createChance, mutateFrame } from "../test/mutate-frame.ts";
import { recordedBodies } from "../test/recorded-bodies.ts";
import type { Change, EventPart, Tag } from "./change.ts";
import { decode } from "./decode.ts";
import { propertyRuns } from "./testing/thorough.ts";

const anyBody = fc.constantFrom(...recordedBodies);
const mutated = fc
  .tuple(anyBody, anyBody, fc.integer())
  .map(([body, other, seed]) => mutateFrame(body, other, createChance(seed)));

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const reason = /^(invalid_(utf8|json|id|uuid|timestamp|type|value|tag)|too_deep|unknown_(shape|action))$/;
const isId = (id: number) => Number.isInteger(id) && id > 0 && id < 2 ** 48;
/** Comes back from UTF-8 as it was: a lone surrogate does not. */
const isText = (text: string) => Buffer.from(text).toString() === text;
const isOptional = (value: unknown, type: string) => value === undefined || typeof value === type;

function isTag(tag: Tag): boolean {
  return (
    isId(tag.id) &&
    tag.name !== "" &&
    isText(tag.name) &&
    isOptional(tag.local, "boolean") &&
    isOptional(tag.exportable, "boolean")
  );
}

function isEventPart(part: EventPart): boolean {
  return (
    [part.uuid, part.orgUuid].every((id) => id === undefined || uuid.test(id)) &&
    [part.info, part.orgName].every((text) => text === undefined || isText(text)) &&
    (part.orgId === undefined || isId(part.orgId)) &&
    isOptional(part.published, "boolean") &&
    (part.distribution === undefined || [0, 1, 2, 3, 4, 5].includes(part.distribution)) &&
    (part.tags ?? []).every(isTag)
  );
}

/** What the contract in change.ts promises to whoever decides. */
function isChange(change: Change): boolean {
  if (change.origin !== "live" || change.observedAtMs !== 7.5) return false;
  switch (change.kind) {
    case "attribute":
    case "attribute-deleted": {
      const { type, value, category, comment, toIds, deleted, timestamp } = change.content;
      return (
        isId(change.attributeId) &&
        isId(change.eventId) &&
        uuid.test(change.uuid) &&
        type !== "" &&
        value !== "" &&
        [type, value, category, comment].every(isText) &&
        typeof toIds === "boolean" &&
        typeof deleted === "boolean" &&
        Number.isInteger(timestamp) &&
        timestamp >= 0 &&
        timestamp < 253_402_300_800 &&
        (change.kind === "attribute-deleted" || ((change.tags ?? []).every(isTag) && isEventPart(change.event)))
      );
    }
    case "event":
      return isId(change.eventId) && isEventPart(change.event);
    case "event-deleted":
      return isId(change.eventId);
    case "tag-attached":
    case "tag-detached":
      return isTag(change.tag) && Object.values(change.target).every(isId);
    default:
      return isTag(change.tag);
  }
}

it("property: whatever is done to a recorded message, it is read into sound changes or refused with a reason", () => {
  let read = 0;
  fc.assert(
    fc.property(mutated, (body) => {
      const decoded = decode({ topic: "t", body, observedAtMs: 7.5 });
      if (!decoded.ok) {
        expect(decoded.reason).toMatch(reason);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
        expect(decoded.detail).toMatch(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]{10,200}$/);
        return;
      }
      read += 1;
      for (const change of decoded.changes) expect([isChange(change), change]).toEqual([true, change]);
    }),
    { numRuns: propertyRuns },
  );
  // Mutations that leave nothing readable would test refusals only.
  expect(read).toBeGreaterThan(propertyRuns / 10);
});
