import { expect, it } from "vitest";
import { createMispModel } from "../model.ts";
import { createCountingUuid } from "../random/source.ts";
import { readRecording } from "../read-recording.ts";
import { kafkaTopics, toKafkaRecord } from "./kafka-record.ts";

const recording = await readRecording(new URL("../__fixtures__/misp-kafka.ndjson", import.meta.url));

it("names the topics as MISP does", () => {
  const recorded = new Set(recording.map(({ topic }) => topic));
  for (const topic of Object.values(kafkaTopics)) expect(recorded).toContain(topic);
});

it("puts a publish message into the shape that MISP gives it on Kafka, and leaves all others as they are", () => {
  const model = createMispModel({ now: () => 1_795_494_395, uuid: createCountingUuid() });
  const { id } = model.addEvent({ info: "Phishing wave", tags: [{ name: "tlp:amber" }] });
  const [added] = model.addAttribute({ eventId: id, type: "ip-dst", value: "192.0.2.1" }).notifications;
  expect(toKafkaRecord(added ?? { topic: "", body: "" })).toEqual({ topic: "misp_attribute", body: added?.body });

  const [published] = model.publishEvent({ id }).notifications;
  const record = toKafkaRecord(published ?? { topic: "", body: "" });
  const given = JSON.parse(record.body);
  const recorded = JSON.parse(recording.find(({ topic }) => topic === record.topic)?.body ?? "");
  expect(given.action).toBe(recorded.action);
  for (const key of Object.keys(given)) expect(Object.keys(recorded)).toContain(key);
  for (const key of Object.keys(given.Event)) expect(Object.keys(recorded.Event)).toContain(key);
  expect(given.EventTag[0].Tag.name).toBe("tlp:amber");
  expect(given.Attribute[0].value).toBe("192.0.2.1");
});
