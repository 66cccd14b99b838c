import { describe, expect, it } from "vitest";
import type { ModuleLoader } from "../load-optional.ts";
import { prepareTapSource } from "./tap-source.ts";

/** A loader that finds the one package, and what its source was made with. */
function createLoader(create: string) {
  const made: Record<string, unknown>[] = [];
  const loader: ModuleLoader = {
    resolve: (name) => name,
    load: async () => ({
      defaultTopics: ["misp_json_attribute"],
      [create](options: Record<string, unknown>) {
        made.push(options);
        return {};
      },
    }),
  };
  return { loader, made };
}

describe("a tap on ZeroMQ", () => {
  it("subscribes to what the program does, and to the publisher's signs of life", async () => {
    const { loader, made } = createLoader("createZmqSource");
    const prepared = await prepareTapSource({ kind: "zmq", host: "h", port: 1, username: "u", password: "p" }, loader);
    if (!prepared.ok) throw new Error(prepared.text);
    expect(made).toEqual([]);
    prepared.open();
    const topics = ["misp_json_attribute", "misp_json_self"];
    expect(made).toEqual([{ host: "h", port: 1, username: "u", password: "p", topics }]);
    expect(prepared.lifeTopic).toBe("misp_json_self");
  });
});

describe("a tap on Kafka", () => {
  const open = async (config: Readonly<Record<string, unknown>>) => {
    const { loader, made } = createLoader("createKafkaSource");
    const prepared = await prepareTapSource(
      { kind: "kafka", topics: ["misp_attribute"], pollIntervalMs: 1_000, config },
      loader,
    );
    if (!prepared.ok) throw new Error(prepared.text);
    prepared.open();
    return made[0] as { readonly config: Readonly<Record<string, unknown>> };
  };

  it("is in a group of its own that is new each time, begins at the newest, and keeps the rest of the configuration", async () => {
    const config = {
      "bootstrap.servers": "broker:9092",
      "group.id": "misp",
      "group.instance.id": "one",
      "auto.offset.reset": "earliest",
      "sasl.username": "u",
    };
    const first = await open(config);
    expect(first).toEqual({
      topics: ["misp_attribute"],
      pollIntervalMs: 1_000,
      config: {
        "bootstrap.servers": "broker:9092",
        "sasl.username": "u",
        "group.id": expect.stringMatching(/^misp-tap-[0-9a-f-]{36}$/),
        "auto.offset.reset": "latest",
      },
    });
    expect((await open(config)).config["group.id"]).not.toBe(first.config["group.id"]);
  });

  it("has a name for it where the configuration has none", async () => {
    expect((await open({})).config["group.id"]).toMatch(/^threatbus-misp-tap-/);
  });

  it("says what is missing when the package is not installed", async () => {
    const loader: ModuleLoader = {
      resolve: () => {
        throw Object.assign(new Error("not found"), { code: "ERR_MODULE_NOT_FOUND" });
      },
      load: async () => ({}),
    };
    const kafka = { kind: "kafka", topics: ["a"], pollIntervalMs: 1, config: {} } as const;
    expect(await prepareTapSource(kafka, loader)).toMatchObject({
      ok: false,
      text: expect.stringContaining("@tb/source-kafka"),
    });
  });
});
