import { expect, it } from "vitest";
import { createMispModel } from "../model.ts";
import { randomAction } from "../random/action.ts";
import { createCountingUuid, createRandom } from "../random/source.ts";
import { describeAction } from "./describe-action.ts";

it.each([
  [
    describeAction({ action: "addAttribute", eventId: 1, type: "domain", value: "evil.example" }),
    "adds domain evil.example",
  ],
  [describeAction({ action: "editAttribute", id: 7, toIds: false }), "edits attribute 7 to_ids off"],
  [describeAction({ action: "attachTag", id: 7, tag: "tlp:red" }), "tags attribute 7 tlp:red"],
  [describeAction({ action: "importEvent", info: "Botnet", attributes: [] }), "pulls an event (0 attributes) Botnet"],
])("says %s", (said, expected) => {
  expect(said).toBe(expected);
});

it("fits the column for whatever a random analyst does", () => {
  const random = createRandom(5);
  const model = createMispModel({ now: () => 1, uuid: createCountingUuid() });
  for (let step = 0; step < 2000; step++) {
    const text = describeAction(randomAction(model, random, { silent: true }).action);
    expect(text.length).toBeLessThanOrEqual(44);
    expect(text).not.toContain("undefined");
  }
});
