import { describe, expect, it } from "vitest";
import { createZmqSource, ZmqSourceError, type ZmqSourceOptions } from "./index.ts";
import { toSettings } from "./options.ts";

const settings = (options: Partial<ZmqSourceOptions>) => toSettings({ host: "misp.example", ...options });

describe("options", () => {
  it("have defaults for all but the host", () => {
    expect(settings({})).toEqual({
      address: "tcp://misp.example:50000",
      ipv6: false,
      topics: new Set(["misp_json_attribute", "misp_json_tag", "misp_json_event", "misp_json"]),
      credentials: undefined,
      observedAfterMs: 0,
      maxQueuedMessages: 500_000,
      maxQueuedBytes: 268_435_456,
      maxBatch: 2_000,
    });
  });

  it.each([
    ["127.0.0.1", "tcp://127.0.0.1:1", false],
    ["misp_1.internal", "tcp://misp_1.internal:1", false],
    ["::1", "tcp://[::1]:1", true],
    ["[2001:db8::1]", "tcp://[2001:db8::1]:1", true],
  ])("take a host %s", (host, address, ipv6) => {
    expect(settings({ host, port: 1 })).toMatchObject({ address, ipv6 });
  });
});

describe("options that make no sense", () => {
  it.each<[string, object]>([
    ["unknown_option", { maxQueueBytes: 1 }],
    ["invalid_host", { host: "" }],
    ["invalid_host", { host: undefined }],
    ["invalid_host", { host: "tcp://misp" }],
    ["invalid_host", { host: "misp!" }],
    ["invalid_host", { host: "*" }],
    ["invalid_host", { host: "misp:50000" }],
    ["invalid_host", { host: "127.0.0.1;127.0.0.1" }],
    ["invalid_port", { port: 0 }],
    ["invalid_port", { port: 65_536 }],
    ["invalid_port", { port: 1.5 }],
    ["invalid_port", { port: "50000" }],
    ["invalid_topics", { topics: [] }],
    ["invalid_topics", { topics: ["a b"] }],
    ["invalid_topics", { topics: [""] }],
    ["invalid_topics", { topics: "misp_json" }],
    ["invalid_credentials", { username: "x" }],
    ["invalid_credentials", { password: "x" }],
    ["invalid_credentials", { username: "x", password: "" }],
    ["invalid_credentials", { username: "x", password: "é".repeat(128) }],
    ["invalid_time", { observedAfterMs: Number.NaN }],
    ["invalid_time", { observedAfterMs: -1 }],
    ["invalid_time", { observedAfterMs: 2 ** 44 }],
    ["invalid_bound", { maxQueuedMessages: 0 }],
    ["invalid_bound", { maxQueuedBytes: Number.NaN }],
    ["invalid_bound", { maxBatch: Number.POSITIVE_INFINITY }],
    ["invalid_bound", { maxBatch: 1.5 }],
  ])("%s: %j", (code, options) => {
    let thrown: unknown;
    try {
      createZmqSource({ host: "misp.example", ...options });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ZmqSourceError);
    expect(thrown).toMatchObject({ name: "ZmqSourceError", code, retryable: false });
    expect(String(thrown)).toContain(`(${code})`);
  });

  it("come with what was probably meant, and never with the password", () => {
    expect(() => settings({ maxQueueBytes: 1 } as object)).toThrow("did you mean maxQueuedBytes?");
    expect(() => settings({ username: "x", password: "secret".repeat(50) })).not.toThrow("secret");
  });

  it.each(["misp!", "*", "misp@x", "ü.example", "a?b"])("would end the process if they came to ZeroMQ: %s", (host) => {
    expect(() => settings({ host })).toThrow(ZmqSourceError);
  });
});
