import { expect, it } from "vitest";
import { createRedact } from "./redact.ts";

it("replaces every secret, also where JSON or a URL has escaped it, the longest first", () => {
  const redact = createRedact(["pass", 'pass"word', "a b"]);
  expect(redact('x pass"word y pass z')).toBe("x *** y *** z");
  expect(redact(JSON.stringify({ p: 'pass"word' }))).toBe('{"p":"***"}');
  expect(redact("q=a%20b a b")).toBe("q=*** ***");
});

it("replaces a secret that is no well-formed text", () => {
  const redact = createRedact(["a\ud800b"]);
  expect(redact("x a\ud800b y")).toBe("x *** y");
  expect(redact(JSON.stringify({ p: "a\ud800b" }))).toBe('{"p":"***"}');
  expect(redact(new URL("http://h/?q=a\ud800b").href)).toBe("http://h/?q=***");
});

it("leaves everything alone when there is no secret", () => {
  expect(createRedact([""])("text")).toBe("text");
  expect(createRedact([])("text")).toBe("text");
});
