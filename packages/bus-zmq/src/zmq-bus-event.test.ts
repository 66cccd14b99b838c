import { expect, it } from "vitest";
import { quote } from "./zmq-bus-event.ts";

it("what a peer wrote is quoted short, and without anything that a terminal would obey", () => {
  expect(quote('a "b"')).toBe('"a \\"b\\""');
  expect(quote("\u001b[31m\n\u009b\u202e\u2028\u200b")).toBe('"\\u001b[31m\\n\\u009b\\u202e\\u2028\\u200b"');
  expect(quote("x".repeat(500))).toBe(`"${"x".repeat(80)}…"`);
});
