import { PassThrough, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import type { StixObject } from "@tb/misp-core";
import { type BusHarness, describeBus } from "@tb/misp-core/testing";
import { describe, expect, it } from "vitest";
import { createLineReader } from "./lines.ts";
import { createNdjsonBus } from "./ndjson-bus.ts";

function createHarness() {
  const output = new PassThrough();
  const input = new PassThrough();
  const refused: { reason: string; detail: string }[] = [];
  const bus = createNdjsonBus({
    output,
    input,
    onRefused: (reason, detail) => refused.push({ reason, detail }),
    maxLineBytes: 200,
  });
  const objects: StixObject[] = [];
  const lines = createLineReader({ maxBytes: 1024 * 1024 });
  output.on("data", (chunk) => {
    for (const line of lines.push(chunk)) objects.push(JSON.parse(line.ok ? line.text : ""));
    output.emit("taken");
  });
  return {
    bus,
    input,
    output,
    refused,
    async received(count: number) {
      while (objects.length < count) await new Promise((resolve) => output.once("taken", resolve));
      return [...objects];
    },
    sight: (sighting: object) => void input.write(`${JSON.stringify(sighting)}\n`),
    lose: () => void output.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  } satisfies BusHarness & Record<string, unknown>;
}

describeBus("NDJSON", createHarness, ["loss"]);

const object = (n: number): StixObject => ({ type: "indicator", spec_version: "2.1", id: `indicator--${n}` });
const signal = () => new AbortController().signal;

describe("NDJSON output", () => {
  it("writes one object per line, and all objects of a call at once", async () => {
    const writes: string[] = [];
    const output = new Writable({
      write(chunk, _encoding, done) {
        writes.push(String(chunk));
        done();
      },
    });
    const bus = createNdjsonBus({ output, input: new PassThrough(), onRefused: () => {} });
    await bus.publish([object(1), object(2)]);
    expect(writes).toEqual([`${JSON.stringify(object(1))}\n${JSON.stringify(object(2))}\n`]);
    await bus[Symbol.asyncDispose]();
  });

  it("resolves a publish only when the stream took it, and gives the stream the next one only then", async () => {
    const taken: (() => void)[] = [];
    const output = new Writable({ write: (_chunk, _encoding, done) => void taken.push(() => done()) });
    const bus = createNdjsonBus({ output, input: new PassThrough(), onRefused: () => {} });
    const resolved: number[] = [];
    const publishing = [1, 2].map(async (n) => {
      await bus.publish([object(n)]);
      resolved.push(n);
    });
    await new Promise(setImmediate);
    expect({ resolved, writes: taken.length, buffered: output.writableLength }).toEqual({
      resolved: [],
      writes: 1,
      buffered: JSON.stringify(object(1)).length + 1,
    });
    taken[0]?.();
    await publishing[0];
    await new Promise(setImmediate);
    expect({ resolved, writes: taken.length }).toEqual({ resolved: [1], writes: 2 });
    taken[1]?.();
    await Promise.all(publishing);
    await bus[Symbol.asyncDispose]();
  });

  it("rejects what is being written when it is disposed, and the late error of the stream harms nobody", async () => {
    let fail = () => {};
    const output = new Writable({
      write: (_chunk, _encoding, done) => {
        fail = () => done(new Error("late"));
      },
    });
    const bus = createNdjsonBus({ output, input: new PassThrough(), onRefused: () => {} });
    const publishing = expect(bus.publish([object(1)])).rejects.toMatchObject({ code: "disposed" });
    await new Promise(setImmediate);
    await bus[Symbol.asyncDispose]();
    await publishing;
    fail();
    await new Promise((resolve) => output.once("close", resolve));
    expect(output.errored?.message).toBe("late");
  });

  it("says which loss it was, with its cause", async () => {
    const { bus, output } = createHarness();
    output.destroy(Object.assign(new Error("no space left on device"), { code: "ENOSPC" }));
    await expect(bus.publish([object(1)])).rejects.toMatchObject({
      name: "BusError",
      code: "write-failed",
      message: expect.stringMatching(/^write-failed: .*no space left on device.*next start$/),
    });
    const other = createHarness();
    other.lose();
    await expect(other.bus.publish([object(1)])).rejects.toMatchObject({
      code: "broken-pipe",
      cause: { code: "EPIPE" },
    });
  });

  it("leaves the stream open and without listeners when it is disposed", async () => {
    const output = new PassThrough();
    const before = output.eventNames();
    const bus = createNdjsonBus({ output, input: new PassThrough(), onRefused: () => {} });
    await bus.publish([object(1)]);
    await bus[Symbol.asyncDispose]();
    expect(output.eventNames()).toEqual(before);
    expect(output.writable).toBe(true);
    output.end();
    expect(await text(output)).toBe(`${JSON.stringify(object(1))}\n`);
  });
});

describe("NDJSON input", () => {
  it("refuses lines that are no sightings, with the reason, and reads on", async () => {
    const { bus, input, refused } = createHarness();
    input.write('{"n":1}\nnot json\n[1]\n"text"\nnull\n');
    input.write(Buffer.concat([Buffer.from([0xff, 0x0a]), Buffer.from(`{"long":"${"x".repeat(200)}"}\n`)]));
    input.end('\n  \n{"n":2}\r\n{"n":3}');
    const seen = [];
    for await (const { sighting } of bus.sightings({ signal: signal() })) seen.push(sighting);
    expect(seen).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(refused.map(({ reason }) => reason)).toEqual([
      "invalid_json",
      "not_an_object",
      "not_an_object",
      "not_an_object",
      "invalid_utf8",
      "too_long",
    ]);
    expect(refused[0]?.detail).toMatch(/^line 2 is not JSON: /);
    expect(refused[5]?.detail).toBe("line 7 has 211 bytes; at most 200 are read");
    await bus[Symbol.asyncDispose]();
  });

  it("that ends, ends only the sightings", async () => {
    const { bus, input, received } = createHarness();
    input.end();
    for await (const _ of bus.sightings({ signal: signal() })) throw new Error("there was none");
    for await (const _ of bus.sightings({ signal: signal() })) throw new Error("there was none");
    await bus.publish([object(1)]);
    expect(await received(1)).toEqual([object(1)]);
    const status = bus.status()[Symbol.asyncIterator]();
    expect((await status.next()).value).toMatchObject({ state: "up" });
    await bus[Symbol.asyncDispose]();
  });

  it("that breaks, ends only the sightings and says so", async () => {
    const { bus, input, refused, received } = createHarness();
    const reading = bus.sightings({ signal: signal() })[Symbol.asyncIterator]();
    const pending = reading.next();
    await new Promise(setImmediate);
    input.destroy(new Error("EIO: i/o error, read"));
    expect(await pending).toEqual({ done: true, value: undefined });
    expect(refused).toEqual([{ reason: "input_failed", detail: "reading sightings stopped: EIO: i/o error, read" }]);
    await bus.publish([object(1)]);
    expect(await received(1)).toEqual([object(1)]);
    await bus[Symbol.asyncDispose]();
  });

  it("is left alone while nobody reads sightings, and read no further than asked", async () => {
    const { bus, input } = createHarness();
    const before = input.eventNames();
    for (let n = 0; n < 3; n += 1) input.write(`{"n":${n}}\n`);
    bus.sightings({ signal: signal() });
    await bus.publish([object(1)]);
    await new Promise(setImmediate);
    expect(input.readableLength).toBe(24);
    expect(input.readableFlowing).toBeNull();
    expect(input.eventNames()).toEqual(before);

    const reading = bus.sightings({ signal: signal() })[Symbol.asyncIterator]();
    expect((await reading.next()).value?.sighting).toEqual({ n: 0 });
    await new Promise(setImmediate);
    expect(input.readableLength).toBe(16);
    await reading.return?.();
    expect(input.eventNames()).toEqual(before);
    await bus[Symbol.asyncDispose]();
  });
});
