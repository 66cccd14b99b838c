import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLineReader, type Line } from "./lines.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const texts = (lines: readonly Line[]) => lines.map((line) => (line.ok ? line.text : line.reason));

describe("lines", () => {
  it("are cut at line breaks, with the number of each; empty ones are counted and left out", () => {
    const reader = createLineReader({ maxBytes: 100 });
    expect(reader.push(bytes("one\n\r\n  \ntwo\r\nth"))).toEqual([
      { ok: true, number: 1, text: "one" },
      { ok: true, number: 4, text: "two" },
    ]);
    expect(reader.push(bytes("ree\nfour"))).toEqual([{ ok: true, number: 5, text: "three" }]);
    expect(reader.end()).toEqual([{ ok: true, number: 6, text: "four" }]);
  });

  it("come out the same however the bytes are divided", () => {
    const line = fc.string({ unit: "binary", maxLength: 20 }).map((text) => text.replace(/[\r\n]/g, ""));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (lines, sizes) => {
        const input = bytes(lines.join("\n"));
        const whole = createLineReader({ maxBytes: 30 });
        const expected = [...whole.push(input), ...whole.end()];
        const reader = createLineReader({ maxBytes: 30 });
        const seen: Line[] = [];
        for (let at = 0, turn = 0; at < input.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          seen.push(...reader.push(input.subarray(at, at + size)));
          at += size;
        }
        seen.push(...reader.end());
        expect(seen).toEqual(expected);
      }),
    );
  });

  it("that are too long or not UTF-8 are refused, and the next one is read", () => {
    const reader = createLineReader({ maxBytes: 8 });
    expect(texts(reader.push(bytes("12345678\n123456789\nok\n")))).toEqual(["12345678", "too_long", "ok"]);
    expect(texts(reader.push(bytes("1234")))).toEqual([]);
    expect(texts(reader.push(bytes("56789")))).toEqual([]);
    expect(reader.push(bytes("0\nok\n"))).toEqual([
      { ok: false, number: 4, reason: "too_long", detail: "line 4 has 10 bytes; at most 8 are read" },
      { ok: true, number: 5, text: "ok" },
    ]);
    expect(texts(reader.push(Uint8Array.of(0x22, 0xff, 0x22, 0x0a, 0x6f, 0x6b, 0x0a)))).toEqual(["invalid_utf8", "ok"]);
    expect(texts(reader.push(Uint8Array.of(0xf0, 0x9f, 0x0a)))).toEqual(["invalid_utf8"]);
  });

  it("keep a character that two chunks share", () => {
    const reader = createLineReader({ maxBytes: 100 });
    const input = bytes("ü😀\n");
    expect(texts([...input].flatMap((byte) => reader.push(Uint8Array.of(byte))))).toEqual(["ü😀"]);
  });

  it("may be as long as allowed, after a longer one too", () => {
    const maxBytes = 1024 * 1024;
    const reader = createLineReader({ maxBytes });
    const long = "x".repeat(maxBytes);
    expect(texts(reader.push(bytes(`${long}x\n${long}\n`)))).toEqual(["too_long", long]);
  });
});
