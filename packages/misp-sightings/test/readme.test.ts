import { readFileSync } from "node:fs";
import type { Outbox, SightingRow } from "@tb/misp-core";
import { createMemoryOutbox } from "@tb/misp-core/testing";
import { expect, it } from "vitest";
import * as sightings from "../src/index.ts";
import { createTestBus, sightingUuid, stixSighting } from "./helpers.ts";

it("the README's example runs", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const written: string[] = [];
  const printed: string[] = [];
  let terminate = () => {};
  const outbox: Outbox = createMemoryOutbox();
  const program = {
    bus: createTestBus([stixSighting(1)]),
    outbox,
    writeToMisp: async (row: SightingRow) => {
      written.push(row.uuid);
      return { proven: true, text: "1 sightings added." };
    },
    console: { log: (text: string) => printed.push(text) },
    process: {
      once: (name: string, listener: () => void) => {
        expect(name).toBe("SIGTERM");
        terminate = listener;
      },
    },
    ...sightings,
  };
  // The example as it stands, with its imports as parameters.
  const body = example.replaceAll(/^import .*\n/gm, "");
  const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
  const ended = new AsyncFunction(...Object.keys(program), body)(...Object.values(program)) as Promise<void>;
  await expect.poll(() => printed).toContain("delivered");
  terminate();
  await ended;
  expect(written).toEqual([sightingUuid(1)]);
  expect(printed).toEqual(["accepted", "delivered", "state"]);
});
