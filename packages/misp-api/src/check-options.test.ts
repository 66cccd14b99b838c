import { expect, it } from "vitest";
import { checkMispApiOptions } from "./check-options.ts";

const good = { host: "https://misp.example", key: "k3yK3yk3yK3yk3yK3yk3yK3yk3yK3yk3yK3yk3y0" };

it("finds nothing wrong with what a client can be made of, nor with what is not there", () => {
  expect(checkMispApiOptions({ ...good, proxy: "http://u:p@proxy.example:3128", timeoutMs: 1 })).toEqual([]);
  expect(checkMispApiOptions({ host: good.host })).toEqual([]);
  expect(checkMispApiOptions({})).toEqual([]);
});

it("names every option that is wrong, at once, and quotes no secret", () => {
  const problems = checkMispApiOptions({
    host: "https://u:geheim@misp.example",
    key: "geheim und mehr",
    ca: "geheim",
    clientCert: "geheim",
    clientKey: "geheim",
    proxy: "socks5://u:geheim@proxy.example",
    timeoutMs: 0,
  });
  expect(problems.map(({ option }) => option)).toEqual(["host", "key", "ca", "clientCert", "proxy", "timeoutMs"]);
  expect(JSON.stringify(problems)).not.toContain("geheim");
  expect(problems[1]?.detail).toBe("key has a space, a line break or a character in it that no key has");
});

it("looks at the environment as the host wants it", () => {
  const environment = { https_proxy: "socks5://proxy.example", no_proxy: "exempt.example" };
  const options = (host: string) => checkMispApiOptions({ ...good, host, environment }).map(({ option }) => option);
  expect(options("https://misp.example")).toEqual(["environment"]);
  expect(options("https://exempt.example")).toEqual([]);
  expect(options("http://misp.example")).toEqual([]);
});
