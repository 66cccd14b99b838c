import { describe, expect, it } from "vitest";
import { checkKafkaOptions, createKafkaSource, KafkaSourceError, type KafkaSourceOptions } from "./index.ts";
import { toSettings } from "./options.ts";

const options = (config: object = {}, others: object = {}): KafkaSourceOptions => ({
  topics: ["misp_attribute"],
  config: { "bootstrap.servers": "kafka.example:9092", ...config },
  ...others,
});

describe("options", () => {
  it("leave librdkafka's properties as the user wrote them, and fill in what is silent", () => {
    const given = {
      "group.id": "mine",
      "auto.offset.reset": "latest",
      "queued.max.messages.kbytes": 64,
      "security.protocol": "sasl_ssl",
      "sasl.password": "geheim",
      "enable.auto.offset.store": "false",
    };
    const { config, topicConfig, group, address } = toSettings(options(given));
    expect(config).toMatchObject({
      "group.id": "mine",
      "queued.max.messages.kbytes": 64,
      "security.protocol": "sasl_ssl",
      "sasl.password": "geheim",
      "fetch.queue.backoff.ms": 10,
      "enable.auto.offset.store": false,
    });
    // Where it does something: the binding ignores it in the global config.
    expect(topicConfig).toEqual({ "auto.offset.reset": "latest" });
    expect(config).not.toHaveProperty(["auto.offset.reset"]);
    expect([group, address]).toEqual(["mine", "kafka.example:9092"]);
    expect(toSettings(options()).topicConfig).toEqual({ "auto.offset.reset": "earliest" });
  });

  it("leave the session timeout to the broker where only it may say", () => {
    expect(toSettings(options()).config).toMatchObject({ "session.timeout.ms": 10_000 });
    const { config } = toSettings(options({ "group.protocol": "consumer" }));
    expect(config).not.toHaveProperty(["session.timeout.ms"]);
  });

  it("wait at most a second at a time, since a wait cannot be interrupted", () => {
    expect(toSettings(options({}, { pollIntervalMs: 30_000 })).pollIntervalMs).toBe(1_000);
    expect(toSettings(options({}, { pollIntervalMs: 20 })).pollIntervalMs).toBe(20);
  });
});

describe("options that make no sense", () => {
  it.each<[string, RegExp, object, object?]>([
    ["unknown_option", /did you mean topics\?/, {}, { topic: "a" }],
    ["invalid_topics", /at least one/, {}, { topics: [] }],
    ["invalid_topics", /at least one/, {}, { topics: [""] }],
    ["invalid_topics", /at least one/, {}, { topics: "misp_attribute" }],
    ["invalid_bound", /pollIntervalMs is 0/, {}, { pollIntervalMs: 0 }],
    ["invalid_bound", /pollIntervalMs is NaN/, {}, { pollIntervalMs: Number.NaN }],
    ["invalid_bound", /maxBatch is 1.5/, {}, { maxBatch: 1.5 }],
    ["invalid_config", /bootstrap.servers is missing/, { "bootstrap.servers": " " }],
    ["invalid_config", /group.id is empty/, { "group.id": null }],
    ["invalid_config", /client.id is a list/, { "client.id": ["a"] }],
    ["invalid_config", /ssl is of type object/, { ssl: { "ca.location": "/x" } }],
    ["invalid_config", /rebalance_cb is a callback/, { rebalance_cb: true }],
    [
      "invalid_config",
      /enable.auto.offset.store must not be true: a record would count/,
      { "enable.auto.offset.store": true },
    ],
    ["invalid_config", /enable.auto.offset.store must not be true/, { "enable.auto.offset.store": "1" }],
    ["invalid_config", /enable.auto.commit must not be false/, { "enable.auto.commit": "False" }],
    // Librdkafka's own words, with the property's name.
    ["invalid_config", /No such configuration property: "no.such"/, { "no.such": 1 }],
    ["invalid_config", /session.timeout.ms/, { "session.timeout.ms": "abc" }],
    ["invalid_config", /security.protocol/, { "security.protocol": "carrier-pigeon" }],
    ["invalid_config", /auto.offset.reset/, { "auto.offset.reset": "middle" }],
  ])("%s: %s", (code, text, config, others) => {
    for (const use of [createKafkaSource, checkKafkaOptions]) {
      let thrown: unknown;
      try {
        use(options(config, others));
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(KafkaSourceError);
      expect(thrown).toMatchObject({ code, retryable: false, message: expect.stringMatching(text) });
    }
  });

  it("are told as soon as a client cannot be made of them, and reading ends", async () => {
    const source = createKafkaSource(options({ "ssl.ca.location": "/no/such/ca.pem", "security.protocol": "ssl" }));
    const reading = source.read({ signal: new AbortController().signal })[Symbol.asyncIterator]();
    await expect(reading.next()).rejects.toMatchObject({
      code: "invalid_config",
      retryable: false,
      message: expect.stringContaining("ssl.ca.location"),
    });
    await source[Symbol.asyncDispose]();
  });
});
