import { describe, expect, it } from "vitest";
import { prepareTapSource, toThrowAwayGroup } from "./tap-source.ts";

describe("the group of a tap on Kafka", () => {
  it("is new each time, begins at the newest, and keeps the rest of the configuration", () => {
    const config = {
      "bootstrap.servers": "broker:9092",
      "group.id": "misp",
      "group.instance.id": "one",
      "auto.offset.reset": "earliest",
      "sasl.username": "u",
    };
    const first = toThrowAwayGroup(config);
    expect(first).toEqual({
      "bootstrap.servers": "broker:9092",
      "sasl.username": "u",
      "group.id": expect.stringMatching(/^misp-tap-[0-9a-f-]{36}$/),
      "auto.offset.reset": "latest",
    });
    expect(toThrowAwayGroup(config)["group.id"]).not.toBe(first["group.id"]);
  });

  it("has a name of its own where the configuration has none", () => {
    expect(toThrowAwayGroup({})["group.id"]).toMatch(/^threatbus-misp-tap-/);
  });
});

it("says before it opens anything what librdkafka would refuse", async () => {
  const source = { kind: "kafka", topics: ["a"], pollIntervalMs: 1_000, config: {} } as const;
  expect(await prepareTapSource(source)).toEqual({
    ok: false,
    text: expect.stringContaining("bootstrap.servers is missing"),
  });
});
