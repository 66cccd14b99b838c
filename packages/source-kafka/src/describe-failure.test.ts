import { expect, it } from "vitest";
import { describeFailure, readReason } from "./describe-failure.ts";

const settings = { address: "kafka.example:9092", group: "g" };

// Codes and texts as node-rdkafka 3.6.1 gives them.
it.each([
  ["down", false, { code: -1, message: "all broker connections are down" }],
  ["down", false, { code: -187, message: "1/1 brokers are down" }],
  [
    "refused",
    false,
    { code: -1, message: "sasl_plaintext://k:9092/bootstrap: SASL authentication error: Authentication failed" },
  ],
  ["refused", false, { code: -1, message: "ssl://k:9092/bootstrap: SSL handshake failed: certificate verify failed" }],
  ["refused", false, { code: 30, message: "Broker: Group authorization failed" }],
  ["refused", false, { code: 29, message: "Broker: Topic authorization failed" }],
  ["passing", false, { code: -147, message: "Local: Maximum application poll interval exceeded" }],
  [
    "passing",
    false,
    { code: -195, message: "k:9092/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused" },
  ],
  ["passing", true, { code: -150, message: "Local: Fatal error" }],
  ["passing", true, { code: 82, message: "Broker: Static consumer fenced by other consumer", isFatal: true }],
] as const)("is %s (fatal: %s): %j", (kind, fatal, error) => {
  const failure = describeFailure(settings, error);
  expect(failure).toMatchObject({ kind, fatal });
  expect(failure.detail).toMatch(/kafka\.example|^g: /);
});

it("tells a refusal from an outage by what the log said before", () => {
  const down = { code: -1, message: "all broker connections are down", origin: "local" };
  const log = (text: string) =>
    readReason({
      fac: "FAIL",
      message: `[thrd:b]: ${text} (after 329ms in state AUTH_REQ, 1 identical error(s) suppressed)`,
    });
  expect(describeFailure(settings, down, log("SASL authentication error: Invalid username or password"))).toEqual({
    kind: "refused",
    fatal: false,
    detail:
      "kafka.example:9092: SASL authentication error: Invalid username or password; user name, password, sasl.mechanism and " +
      "security.protocol must be the broker's",
  });
  expect(describeFailure(settings, down, log("Connect to ipv4#127.0.0.1:1 failed: Connection refused"))).toMatchObject({
    kind: "down",
    detail: expect.stringContaining("(Connect to ipv4#127.0.0.1:1 failed: Connection refused); trying again"),
  });
  expect(readReason({ fac: "MAXPOLL", message: "x" })).toBeUndefined();
});
