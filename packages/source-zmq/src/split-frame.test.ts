import { expect, it } from "vitest";
import { splitFrame } from "./split-frame.ts";

it.each([
  ["misp_json {}", "misp_json", "{}"],
  ["misp_json  { } ", "misp_json", " { } "],
  ["misp_json ", "misp_json", ""],
  ["misp_json", "", "misp_json"],
  [" {}", "", "{}"],
  ["", "", ""],
  ["mïsp {}", "mïsp", "{}"],
])("%j is topic %j and body %j", (frame, topic, body) => {
  const split = splitFrame(Buffer.from(frame));
  expect([split.topic, Buffer.from(split.body).toString()]).toEqual([topic, body]);
});

it("keeps bytes that are no UTF-8 in the body as they are, and does not copy them", () => {
  const frame = Buffer.from([0x61, 0x20, 0xff, 0x00, 0x20]);
  const { body } = splitFrame(frame);
  expect([...body]).toEqual([0xff, 0x00, 0x20]);
  expect(body.buffer).toBe(frame.buffer);
});
