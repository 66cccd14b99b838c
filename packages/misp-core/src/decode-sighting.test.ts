import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { decode } from "./decode.ts";
import { decodeSighting } from "./decode-sighting.ts";

const recorded = ["misp-notifications.ndjson", "misp-kafka.ndjson"].flatMap((name) =>
  readFileSync(new URL(`./__fixtures__/${name}`, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { topic: string; body?: string; value?: string }),
);
const notification = (text: string, topic = "t") => ({
  topic,
  body: new TextEncoder().encode(text),
  observedAtMs: 1,
});
const sighting = (part: Record<string, unknown> = {}, rest: Record<string, unknown> = { action: "add" }) => ({
  Sighting: {
    id: "57",
    date_sighting: "1795495676",
    uuid: "7b006f11-8c6e-45a6-b80a-2e652a75d0f3",
    source: "bulk",
    type: "1",
    Attribute: { id: "4", uuid: "4f7a0d01-0de8-4511-bf01-5b26d65c240c", value: "198.51.100.8" },
    ...part,
  },
  ...rest,
});
const decoded = (value: unknown) => decodeSighting(notification(JSON.stringify(value)));

it("reads a sighting", () => {
  expect(decoded(sighting())).toEqual({
    action: "add",
    uuid: "7b006f11-8c6e-45a6-b80a-2e652a75d0f3",
    attributeUuid: "4f7a0d01-0de8-4511-bf01-5b26d65c240c",
    value: "198.51.100.8",
    type: 1,
    seenAt: 1_795_495_676,
    source: "bulk",
  });
  expect(
    decoded(sighting({ type: 0, date_sighting: 1_795_495_676, source: null }, { action: "delete" })),
  ).toMatchObject({ action: "delete", type: 0, seenAt: 1_795_495_676, source: "" });
});

it("reads every recorded sighting, over ZeroMQ and Kafka, and nothing else", () => {
  const found = recorded.map(({ topic, body, value }) => {
    const message = notification(body ?? value ?? "", topic);
    const read = decodeSighting(message);
    expect(read !== undefined, topic).toBe(/^misp_(json_)?sighting$/.test(topic));
    if (read !== undefined) expect(decode(message)).toEqual({ ok: true, changes: [] });
    return read;
  });
  // 64 lines over ZeroMQ and 3 over Kafka.
  expect(found.filter((read) => read !== undefined)).toHaveLength(67);
});

it.each([
  ["no action", sighting({}, {})],
  ["another action", sighting({}, { action: "edit" })],
  ["no uuid", sighting({ uuid: undefined })],
  ["no attribute", sighting({ Attribute: undefined })],
  ["no time", sighting({ date_sighting: "never" })],
  ["no type", sighting({ type: null })],
  ["an unknown type", sighting({ type: "3" })],
  ["not an object", { Sighting: [sighting().Sighting], action: "add" }],
])("has none for a message with %s", (_, message) => {
  expect(decoded(message)).toBeUndefined();
});

it("has none for bytes that are not JSON or not UTF-8", () => {
  expect(decodeSighting(notification('{"Sighting":{"id"'))).toBeUndefined();
  expect(decodeSighting(notification(""))).toBeUndefined();
  const body = new Uint8Array([...new TextEncoder().encode('{"Sighting":{"source":"'), 0xff, 0x22, 0x7d, 0x7d]);
  expect(decodeSighting({ topic: "t", body, observedAtMs: 1 })).toBeUndefined();
});

it("has none for what decode refuses unread, since it is too large or nested too deep", () => {
  const text = JSON.stringify(sighting());
  expect(decodeSighting(notification(text.padEnd(16 * 1024 * 1024)))).toBeDefined();
  expect(decodeSighting(notification(text.padEnd(16 * 1024 * 1024 + 1)))).toBeUndefined();
  expect(
    decoded(sighting({}, { action: "add", deep: JSON.parse(`${"[".repeat(63)}${"]".repeat(63)}`) })),
  ).toBeDefined();
  expect(
    decoded(sighting({}, { action: "add", deep: JSON.parse(`${"[".repeat(64)}${"]".repeat(64)}`) })),
  ).toBeUndefined();
});
