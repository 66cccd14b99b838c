import { expect, it } from "vitest";
import { createRedact } from "./redact.ts";

it("replaces every secret, also where JSON or a URL has escaped it, the longest first", () => {
  const redact = createRedact(["pass", 'pass"word', "a b"]);
  expect(redact('x pass"word y pass z')).toBe("x *** y *** z");
  expect(redact(JSON.stringify({ p: 'pass"word' }))).toBe('{"p":"***"}');
  expect(redact("q=a%20b a b")).toBe("q=*** ***");
});

it("leaves everything alone when there is no secret", () => {
  expect(createRedact([""])("text")).toBe("text");
  expect(createRedact([])("text")).toBe("text");
});
