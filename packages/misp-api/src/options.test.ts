import { expect, it } from "vitest";
import { type MispApiOptions, toSettings } from "./options.ts";

const key = "k3yK3yk3yK3yk3yK3yk3yK3yk3yK3yk3yK3yk3y0";
const options = { host: "https://misp.example", key } satisfies MispApiOptions;

it("fills in what is left open", () => {
  expect(toSettings(options)).toMatchObject({
    base: "https://misp.example",
    verifyTls: true,
    ca: undefined,
    client: undefined,
    proxy: undefined,
    timeoutMs: 60_000,
    maxResponseBytes: 134_217_728,
    maxConnections: 8,
    now: Date.now,
  });
});

it.each([
  ["https://misp.example/", "https://misp.example"],
  ["HTTPS://MISP.example:443/misp//", "https://misp.example/misp"],
  ["http://[::1]:8080", "http://[::1]:8080"],
])("host %s is %s", (host, base) => {
  expect(toSettings({ ...options, host }).base).toBe(base);
});

it.each<[string, Record<string, unknown>, string]>([
  ["an option that there is not", { verifyTSL: false }, "did you mean verifyTls?"],
  ["another one", { zebra: 1 }, "there is no option zebra"],
  ["no host", { host: undefined }, "such as https://misp.example"],
  ["a host without scheme", { host: "misp.example" }, "such as https://misp.example"],
  ["a host of another scheme", { host: "ftp://misp.example" }, "such as https://misp.example"],
  ["a host with a query", { host: "https://misp.example/?a" }, "? or #"],
  ["a host with a fragment", { host: "https://misp.example/#a" }, "? or #"],
  ["no key", { key: "" }, "key must be"],
  ["a key that is a number", { key: 5 }, "key must be"],
  ["a key with a space", { key: "a b" }, "a space, a line break"],
  ["no time", { timeoutMs: 0 }, "timeoutMs is 0; expected a whole number from 1 to 2147483647"],
  ["endless time", { timeoutMs: Number.POSITIVE_INFINITY }, "timeoutMs is Infinity"],
  ["more than a timer holds", { timeoutMs: 2 ** 31 }, "timeoutMs"],
  ["no connections", { maxConnections: 0 }, "maxConnections"],
  ["more than a text holds", { maxResponseBytes: 2 ** 30 }, "maxResponseBytes"],
  ["an authority that is none", { ca: "/etc/ssl/ca.pem" }, "ca holds no certificate"],
  [
    "an authority that is broken",
    { ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" },
    "certificate 1 in ca",
  ],
  ["half of a client's identity", { clientCert: "x" }, "belong together"],
  ["the other half", { clientKey: "x" }, "belong together"],
  ["a client's identity that is none", { clientCert: "x", clientKey: "y" }, "must be PEM"],
  ["a proxy with a path", { proxy: "http://proxy.example/path" }, "the proxy (or HTTPS_PROXY)"],
])("%s", (_, change, message) => {
  expect(() => toSettings({ ...options, ...change } as MispApiOptions)).toThrow(
    expect.objectContaining({ code: "invalid-options", retryable: false, message: expect.stringContaining(message) }),
  );
});

it("a proxy of its own comes before the environment's, and NO_PROXY has no say in it", () => {
  const environment = { https_proxy: "http://a.example:1", no_proxy: "*" };
  expect(toSettings({ ...options, proxy: "http://b.example:2", environment }).proxy?.url).toBe("http://b.example:2");
});

it("a proxy's user name and password leave its URL, decoded", () => {
  const { proxy } = toSettings({ ...options, proxy: "http://u%40x:p%3Aw%25@proxy.example:3128/" });
  expect(proxy).toEqual({
    url: "http://proxy.example:3128",
    authorization: `Basic ${Buffer.from("u@x:p:w%").toString("base64")}`,
  });
  // A percent sign that encodes nothing stands for itself.
  expect(toSettings({ ...options, proxy: "http://u:100%@proxy.example" }).proxy?.authorization).toBe(
    `Basic ${Buffer.from("u:100%").toString("base64")}`,
  );
});
