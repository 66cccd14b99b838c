import { inspect } from "node:util";
import { expect, it } from "vitest";
import { toSettings } from "./options.ts";
import { translateError } from "./translate-error.ts";

const key = "k3yK3yk3yK3yk3yK3yk3yK3yk3yK3yk3yK3yk3y0";
const settings = toSettings({ host: "https://misp.example", key });
const failure = { where: "https://misp.example/x", settings, phase: "request", late: false } as const;

it("copies what led to it, without the key and without what hangs on it", () => {
  const root = Object.assign(new Error(`header ${key}`), { code: "ODD", headers: { authorization: key } });
  const outer = Object.assign(new TypeError(`fetch failed: ${key}`, { cause: root }), { options: { key } });
  const error = translateError(outer, failure);
  expect(error).toMatchObject({
    code: "unreachable",
    message: "https://misp.example/x: no answer: header *** (ODD) (unreachable)",
    cause: { message: "header ***", code: "ODD" },
  });
  expect((error.cause as Error).stack).toContain("translate-error.test.ts");
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(key);
});

it("takes the last of several tries to connect, and what is no error too", () => {
  const tries = [
    Object.assign(new Error("v6"), { code: "ENETUNREACH" }),
    Object.assign(new Error("v4"), { code: "ECONNREFUSED" }),
  ];
  expect(translateError(new AggregateError(tries), failure).message).toContain("nothing listens there");
  expect(translateError("odd", failure)).toMatchObject({
    code: "unreachable",
    message: expect.stringContaining("odd"),
  });
});

it("an error that is its own cause ends", () => {
  const error = new Error("round");
  error.cause = error;
  expect(translateError(error, failure)).toMatchObject({ code: "unreachable" });
});

it.each([
  ["UND_ERR_CONNECT_TIMEOUT", "timeout"],
  ["EHOSTUNREACH", "unreachable"],
  ["EAI_AGAIN", "unreachable"],
  ["EPIPE", "unreachable"],
  ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "tls"],
  ["EPROTO", "tls"],
  ["CERT_REVOKED", "tls"],
  ["UNABLE_TO_GET_ISSUER_CERT", "unknown-ca"],
])("%s is %s", (code, ours) => {
  expect(translateError(Object.assign(new Error("x"), { code }), failure).code).toBe(ours);
});
