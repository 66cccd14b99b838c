import { describe, expect, it } from "vitest";
import { readRecording } from "./recorded.ts";

const attribute = '{"Attribute":{"id":"1"},"action":"add"}';
const read = (content: string | Buffer) =>
  [...readRecording(Buffer.from(content), "file.txt")].map(({ topic, body, line }) => [
    line,
    topic,
    Buffer.from(body).toString("latin1"),
  ]);

describe("readRecording", () => {
  it.each([
    ["a body", attribute, "file.txt", attribute],
    ["a ZeroMQ frame", `misp_json_attribute ${attribute}`, "misp_json_attribute", attribute],
    [
      "a recording",
      JSON.stringify({ topic: "misp_json_tag", trigger: "x", body: attribute }),
      "misp_json_tag",
      attribute,
    ],
    ["a record of Kafka", JSON.stringify({ topic: "mine", key: null, value: attribute }), "mine", attribute],
    ["a body that is not UTF-8", JSON.stringify({ topic: "t", bodyBase64: "/wA=" }), "t", "\u00ff\0"],
    ["a recording without a topic", JSON.stringify({ body: attribute }), "file.txt", attribute],
    ["a frame without a topic", JSON.stringify({ topic: "", body: attribute }), "", attribute],
    ["a frame without a space", "nospace", "", "nospace"],
    ["a frame that is no JSON", "topic not JSON", "topic", "not JSON"],
    ["JSON that is broken", '{"Attribute":', "file.txt", '{"Attribute":'],
  ])("reads %s", (_, content, topic, body) => {
    expect(read(content)).toEqual([[1, topic, body]]);
    expect(read(`${content}\r\n`)).toEqual([[1, topic, body]]);
    expect(read(`\n \n  ${content}\n\n${content}`)).toEqual([
      [3, topic, body],
      [5, topic, body],
    ]);
  });

  it("takes a file that is one object over several lines for one body", () => {
    const pretty = JSON.stringify(JSON.parse(attribute), undefined, 2);
    expect(read(`${pretty}\n`)).toEqual([[1, "file.txt", pretty]]);
  });

  it("keeps bytes as they are", () => {
    const frame = Buffer.from([0x74, 0x20, 0xff, 0xfe, 0x7b]);
    expect(read(frame)).toEqual([[1, "t", "\u00ff\u00fe{"]]);
  });

  it("finds nothing in nothing", () => {
    expect(read("")).toEqual([]);
    expect(read(" \r\n\n")).toEqual([]);
  });
});
