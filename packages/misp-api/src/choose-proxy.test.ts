import { describe, expect, it } from "vitest";
import { chooseProxy, type Environment } from "./choose-proxy.ts";

const choose = (url: string, environment: Environment) => chooseProxy(new URL(url), environment);

describe("which proxy", () => {
  it("HTTPS_PROXY for https, HTTP_PROXY for http", () => {
    const environment = { HTTPS_PROXY: "http://a:1", HTTP_PROXY: "http://b:2" };
    expect(choose("https://misp.example", environment)).toBe("http://a:1");
    expect(choose("http://misp.example", environment)).toBe("http://b:2");
  });

  it("lower case before upper case, where an empty one is none", () => {
    expect(choose("https://x", { HTTPS_PROXY: "http://a:1", https_proxy: "http://b:2" })).toBe("http://b:2");
    expect(choose("https://x", { HTTPS_PROXY: "http://a:1", https_proxy: " " })).toBe("http://a:1");
    expect(choose("https://x", { HTTPS_PROXY: "" })).toBeUndefined();
    expect(choose("https://x", {})).toBeUndefined();
  });

  it("without a scheme it is http", () => {
    expect(choose("https://x", { HTTPS_PROXY: "proxy.example:3128" })).toBe("http://proxy.example:3128");
  });
});

describe("NO_PROXY", () => {
  const isExempt = (url: string, list: string) =>
    choose(url, { HTTPS_PROXY: "http://p:1", HTTP_PROXY: "http://p:1", NO_PROXY: list }) === undefined;

  it.each([
    ["https://misp.example", "*"],
    ["https://misp.example", "misp.example"],
    ["https://misp.example", "a.example, MISP.Example"],
    ["https://misp.example", "a.example misp.example"],
    ["https://misp.example", "example"],
    ["https://misp.example", ".example"],
    ["https://misp.example", "*.example"],
    ["https://misp.example", ".misp.example"],
    ["https://misp.example.", "misp.example"],
    ["https://misp.example", "misp.example."],
    ["https://misp.example", "misp.example:443"],
    ["http://misp.example", "misp.example:80"],
    ["https://misp.example:8443", "misp.example:8443"],
    ["https://10.1.2.3", "10.1.2.3"],
    ["https://10.1.2.3", "10.0.0.0/8"],
    ["https://10.1.2.3:8443", "10.1.2.3:8443"],
    ["https://[2001:db8::1]", "2001:db8::1"],
    ["https://[2001:db8::1]", "[2001:db8::1]"],
    ["https://[2001:db8::1]", "2001:0DB8:0::1"],
    ["https://[2001:db8::1]", "2001:db8::/32"],
    ["https://[2001:db8::1]:8443", "[2001:db8::1]:8443"],
  ])("%s is named by %s", (url, list) => {
    expect(isExempt(url, list)).toBe(true);
  });

  it.each([
    ["https://misp.example", ""],
    ["https://misp.example", ", ,"],
    ["https://misp.example", "."],
    ["https://misp.example", "isp.example"],
    ["https://misp.example", "misp.example.org"],
    ["https://misp.example", "a.misp.example"],
    ["https://misp.example", "misp.example:8443"],
    ["https://misp.example", "0.0.0.0/0"],
    ["https://10.1.2.3", "1.2.3"],
    ["https://10.1.2.3", "2.3"],
    ["https://10.1.2.3", "11.0.0.0/8"],
    ["https://10.1.2.3", "10.0.0.0/99"],
    ["https://10.1.2.3", "::/0"],
    ["https://[2001:db8::1]", "2001:db8::2"],
  ])("%s is not named by %s", (url, list) => {
    expect(isExempt(url, list)).toBe(false);
  });
});
