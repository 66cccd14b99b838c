import { beforeAll, describe, expect, it } from "vitest";
import { createMispModel, type MispModel } from "./model.ts";
import { createCountingUuid } from "./random/source.ts";
import { type RecordedMessage, readRecording } from "./read-recording.ts";

/**
 * The model against a running MISP 2.5.1. Each case does what its recorded trigger did and compares the shape of what is said:
 * the keys in their order, which of them are there, and the type of each value. A list is compared by the set of its items'
 * shapes.
 */
let recording: RecordedMessage[];
beforeAll(async () => {
  recording = await readRecording(new URL("./__fixtures__/misp-notifications.ndjson", import.meta.url));
});

function shape(value: unknown): unknown {
  if (value === null) return "null";
  if (Array.isArray(value)) return [...new Set(value.map((item) => JSON.stringify(shape(item))))].sort();
  if (typeof value === "object") return Object.entries(value).map(([key, item]) => [key, shape(item)]);
  return typeof value;
}

type Said = readonly { readonly topic: string; readonly body: string }[];

/** Topic and action of each message, then the shape of its body, so that a difference is easy to read. */
function outline(said: Said): unknown[] {
  return said.map(({ topic, body }) => {
    const message: Record<string, unknown> = JSON.parse(body);
    return { topic, action: message["action"], shape: shape(message) };
  });
}

function recorded(trigger: string): Said {
  const messages = recording.filter((message) => message.trigger === trigger);
  expect(messages, `the recording of ${trigger}`).not.toEqual([]);
  return messages;
}

function newModel(): MispModel {
  return createMispModel({ now: () => 1_795_494_395, uuid: createCountingUuid() });
}

/** An event with one attribute, ids 1 and 1. */
function withAttribute(type = "ip-dst", value = "198.51.100.8"): MispModel {
  const model = newModel();
  model.addEvent({ info: "Phishing wave" });
  model.addAttribute({ eventId: 1, type, value });
  return model;
}

function withTags(): MispModel {
  const model = withAttribute();
  model.addTag({ name: "local-only", exportable: false });
  model.attachTag({ id: 1, tag: "tlp:amber" });
  model.attachTag({ id: 1, tag: "local-only", local: true });
  return model;
}

function withObject(): MispModel {
  const model = newModel();
  model.addEvent({ info: "Phishing wave" });
  const description = "File object describing a file with meta-information";
  model.addObject({
    eventId: 1,
    name: "file",
    description,
    attributes: [
      { type: "filename", value: "dropper.exe", comment: "in object" },
      { type: "md5", value: "be8f80182e0c983916da7338c2c1c040" },
      { type: "sha256", value: "772a5fb04f9b", tags: [{ name: "tlp:amber" }] },
      { type: "size-in-bytes", value: "5678" },
    ],
  });
  return model;
}

const eventTagged = (): MispModel => {
  const model = withAttribute();
  model.tagEvent({ id: 1, tag: "tlp:amber" });
  return model;
};

const cases: readonly { readonly trigger: string; readonly said: () => Said; readonly only?: string }[] = [
  { trigger: "add tag tlp:amber", said: () => newModel().addTag({ name: "tlp:amber" }).notifications },
  { trigger: "add event (minimal)", said: () => newModel().addEvent({ info: "x" }).notifications },
  {
    trigger: "attribute add ip-dst 203.0.113.0/24",
    said: () => eventTagged().addAttribute({ eventId: 1, type: "ip-dst", value: "203.0.113.0/24" }).notifications,
  },
  {
    trigger: "attribute add ip-dst|port 198.51.100.9|443",
    said: () =>
      withAttribute().addAttribute({ eventId: 1, type: "ip-dst|port", value: "198.51.100.9|443" }).notifications,
  },
  {
    trigger: "attribute add with first_seen/last_seen",
    said: () =>
      withAttribute().addAttribute({
        eventId: 1,
        type: "domain",
        value: "seen.example",
        firstSeen: "2024-01-01T00:00:00.000000+00:00",
        lastSeen: "2024-05-01T10:34:56.123456+00:00",
      }).notifications,
  },
  { trigger: "attribute edit nothing changed", said: () => withAttribute().editAttribute({ id: 1 }).notifications },
  {
    trigger: "attach local tag to attribute",
    said: () => {
      const model = withAttribute();
      model.addTag({ name: "local-only", exportable: false });
      return model.attachTag({ id: 1, tag: "local-only", local: true }).notifications;
    },
  },
  {
    trigger: "attribute edit after tagging (does msg contain tags?)",
    said: () => withTags().editAttribute({ id: 1, comment: "after tags" }).notifications,
  },
  {
    trigger: "tag the event (events/addTag)",
    said: () => {
      const model = withAttribute();
      model.addTag({ name: "tlp:amber" });
      return model.tagEvent({ id: 1, tag: "tlp:amber" }).notifications;
    },
  },
  { trigger: "untag the event", said: () => eventTagged().untagEvent({ id: 1, tag: "tlp:amber" }).notifications },
  { trigger: "edit event (info)", said: () => eventTagged().editEvent({ id: 1, info: "new info" }).notifications },
  { trigger: "delete object (soft)", said: () => withObject().softDeleteObject({ id: 1 }).notifications },
  {
    trigger: "restore",
    said: () => {
      const model = eventTagged();
      model.softDelete({ id: 1 });
      return model.restore({ id: 1 }).notifications;
    },
  },
  { trigger: "soft delete by uuid", said: () => withAttribute().softDelete({ id: 1 }).notifications },
  {
    trigger: "attribute edit deleted=1",
    said: () => withAttribute().editAttribute({ id: 1, deleted: true }).notifications,
  },
  {
    trigger: "hard delete after soft delete",
    said: () => {
      const model = withTags();
      model.softDelete({ id: 1 });
      return model.hardDelete({ id: 1 }).notifications;
    },
  },
  {
    trigger: "attribute edit after publish (unpublishes event)",
    said: () => {
      const model = withTags();
      model.publishEvent({ id: 1 });
      return model.editAttribute({ id: 1, comment: "after publish" }).notifications;
    },
  },
  {
    trigger: "unpublish",
    said: () => {
      const model = eventTagged();
      model.publishEvent({ id: 1 });
      return model.unpublishEvent({ id: 1 }).notifications;
    },
  },
  {
    trigger: "events/edit with fast_update: 5 changed",
    said: () => eventTagged().fastUpdate({ eventId: 1, attributes: [{ id: 1, value: "198.51.100.9" }] }).notifications,
  },
  {
    // The recording in the fixture: up to the first attribute and its tags, then the object and its attributes.
    trigger: "import event with 50 attributes + object (POST /events/add)",
    said: () => {
      const model = newModel();
      model.addTag({ name: "tlp:amber" });
      return model.importEvent({
        info: "imported event",
        orgcId: 2,
        tags: [{ name: "tlp:amber" }],
        attributes: [
          { type: "ip-dst", value: "198.18.126.0", tags: [{ name: "tlp:amber" }, { name: "imported:tag" }] },
        ],
        objects: [
          {
            name: "domain-ip",
            attributes: [
              { type: "domain", value: "impobj.example" },
              { type: "ip-dst", value: "198.18.250.1", objectRelation: "ip" },
            ],
          },
        ],
      }).notifications;
    },
  },
  {
    trigger: "import event published:true",
    said: () =>
      newModel()
        .importEvent({
          info: "published import",
          published: true,
          attributes: [{ type: "ip-dst", value: "198.18.114.0" }],
        })
        .notifications.slice(-1),
  },
  { trigger: "delete event (54 attributes)", said: () => withTags().deleteEvent({ id: 1 }).notifications },
  {
    trigger: "sighting by attribute id in path, type 0",
    said: () => withAttribute().addSighting({ attributeId: 1, source: "siem" }).notifications,
  },
  {
    trigger: "delete sighting",
    said: () => {
      const model = withAttribute();
      model.addSighting({ attributeId: 1, source: "del" });
      return model.deleteSighting({ id: 1 }).notifications;
    },
  },
  {
    trigger: "attribute edit after sightings",
    said: () => {
      const model = withAttribute();
      model.addSighting({ attributeId: 1, source: "siem" });
      return model.editAttribute({ id: 1, comment: "sighted" }).notifications;
    },
  },
  {
    trigger: "tag delete (tag used by attributes)",
    said: () => {
      const model = withTags();
      return model.deleteTag({ id: model.state.attributes.get(1)?.tags[0]?.tag.id ?? 0 }).notifications;
    },
  },
];

it.each(cases)("says as MISP did: $trigger", ({ trigger, said }) => {
  expect(outline(said())).toEqual(outline(recorded(trigger)));
});

it("says as MISP did: object delete hard", () => {
  const model = withObject();
  model.hardDelete({ id: 3 });
  model.hardDelete({ id: 4 });
  const recordedMessages = recorded("object delete hard");
  // The fixture has the object's message and the first of its attributes.
  expect(outline(model.hardDeleteObject({ id: 1 }).notifications.slice(0, 2))).toEqual(outline(recordedMessages));
});

describe("says as MISP did: a publish with everything", () => {
  type Part = Record<string, unknown>;
  const event = (said: Said): Part => (JSON.parse(said[0]?.body ?? "{}") as { Event: Part }).Event;
  const parts = (of: Part, key: string): Part[] => of[key] as Part[];
  const withKeys = (list: Part[], tag: boolean, sighting: boolean): Part | undefined =>
    list.find((part) => "Tag" in part === tag && "Sighting" in part === sighting);

  function published(): Part {
    const model = withObject();
    for (const value of ["a.example", "b.example", "c.example"])
      model.addAttribute({ eventId: 1, type: "domain", value });
    model.attachTag({ id: 6, tag: "tlp:amber" });
    model.attachTag({ id: 7, tag: "tlp:amber" });
    model.addSighting({ attributeId: 7 });
    model.tagEvent({ id: 1, tag: "tlp:amber" });
    return event(model.publishEvent({ id: 1 }).notifications);
  }

  it("event", () => {
    const own = (part: Part): Part => ({ ...part, Attribute: [], ShadowAttribute: [], Object: [] });
    expect(shape(own(published()))).toEqual(shape(own(event(recorded("defaults: publish")))));
  });

  it.each([
    [false, false],
    [true, false],
    [true, true],
  ])("an attribute with tags: %s, with sightings: %s", (tag, sighting) => {
    const ours = withKeys(parts(published(), "Attribute"), tag, sighting);
    const theirs = withKeys(parts(event(recorded("defaults: publish")), "Attribute"), tag, sighting);
    expect(ours).toBeDefined();
    expect(shape(ours)).toEqual(shape(theirs));
  });

  it("an object and its attributes", () => {
    const plain = (part: Part | undefined): Part => ({
      ...part,
      Attribute: parts(part ?? {}, "Attribute").slice(0, 1),
    });
    const ours = parts(published(), "Object")[0];
    expect(shape(plain(ours))).toEqual(shape(plain(parts(event(recorded("defaults: publish")), "Object")[0])));
  });
});
