import { readFileSync } from "node:fs";
import type { StixObject } from "@tb/misp-core";
import { beforeAll, expect, it } from "vitest";
import {
  pythonEnvironment,
  pythonIsRequired,
  runPython,
} from "../../../packages/misp-core/test/python/python-environment.ts";
import { createWorld } from "./world.ts";

const python = new URL("../../../packages/misp-core/test/python/", import.meta.url);
const requirements = readFileSync(new URL("requirements-objects.txt", python), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));
const environment = await pythonEnvironment({ name: "stix-objects", requirements });

it.skipIf(!environment.ok && !pythonIsRequired)(
  `Python is ready to judge the objects${environment.ok ? "" : ` (skipped, and with it the OASIS schemas and python-stix2: ${environment.reason})`}`,
  () => {
    expect(environment).toMatchObject({ ok: true });
  },
);

/** Every object that went over the bus while analysts did this and that, from the first announcement to the last REMOVE. */
const emitted: StixObject[] = [];
beforeAll(async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = createWorld({ transport: "zmq", onObjects: (objects) => emitted.push(...objects) });
    for (let i = 0; i < 60; i++) {
      world.act(seed * 1_000 + i);
      await world.deliver(3, i);
    }
    await world.finish();
  }
});

if (environment.ok) {
  it("the OASIS JSON schemas of STIX 2.1 take every object that is emitted", { timeout: 150_000 }, async () => {
    const problems = await runPython(environment.python, new URL("validate_objects.py", python), emitted);
    expect(
      emitted.flatMap((object, i) => (JSON.stringify(problems[i]) === "[]" ? [] : [[problems[i], object]])),
    ).toEqual([]);
    // All kinds, and every property that an object of ours can have.
    const updates = new Set(emitted.map((object) => object["x_threatbus_update"]));
    expect(updates).toEqual(new Set([undefined, "EDIT", "REMOVE"]));
    const properties = new Set(emitted.flatMap(Object.keys));
    for (const property of [
      "labels",
      "confidence",
      "object_marking_refs",
      "created_by_ref",
      "description",
      "valid_until",
    ]) {
      expect([property, properties.has(property)]).toEqual([property, true]);
    }
  });

  it("python-stix2 parses every object, and keeps what it says", { timeout: 150_000 }, async () => {
    const parsed = await runPython(environment.python, new URL("parse_objects.py", python), emitted);
    for (const [i, object] of emitted.entries()) {
      expect(parsed[i]).toMatchObject({ id: object.id, pattern: object["pattern"], name: object["name"] });
    }
  });
}
