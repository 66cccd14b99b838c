import { expect, it } from "vitest";
import type { AnalystAction } from "../model.ts";
import { createArrivals } from "./arrivals.ts";
import type { BusObject } from "./bus-object.ts";
import { parseBusObject } from "./bus-object.ts";
import { checkEnd, playStory, type Stage } from "./play.ts";
import { createScreen } from "./screen.ts";
import type { Scene } from "./story.ts";
import { createTally } from "./tally.ts";

const scene: Scene = {
  says: "corrects it",
  does: [{ action: "editAttribute", id: 1, value: "new.example" }],
  expects: ["- old.example", "+ new.example"],
  because: "a typing error",
};

const removed: BusObject = { name: "old.example", pattern: "[old]", update: "remove" };
const announced: BusObject = { name: "new.example", pattern: "[new]", update: "announce" };

/** A stage on which each action makes these objects arrive. */
function setUp(...objects: BusObject[]) {
  let text = "";
  const write = (part: string) => {
    text += part;
  };
  const acted: AnalystAction[] = [];
  const bus = createArrivals<BusObject>();
  const tally = createTally();
  const stage: Stage = {
    async act(action) {
      acted.push(action);
      for (const object of objects) setImmediate(() => bus.push(object));
    },
    bus,
    consumer: tally.consumer,
    screen: createScreen(write, { colour: false }),
    pause: async () => undefined,
    timeoutMs: 50,
  };
  return { stage, acted, tally, shown: () => text };
}

it("acts, waits for what is to come in whatever order, and shows it beside the action", async () => {
  const { stage, acted, tally, shown } = setUp(announced, removed);
  await playStory([scene], stage);
  expect(acted).toEqual(scene.does);
  expect(shown()).toBe(
    [
      "corrects it                                   + announce new.example     [new]",
      "                                              - remove   old.example     [old]",
      "                                                a typing error",
      "",
    ].join("\n"),
  );
  expect(tally.summary()[0]).toContain("1 announced, 0 edited, 1 removed");
  checkEnd(stage, ["new.example"]);
});

it("names what did not come", async () => {
  const { stage } = setUp(removed);
  await expect(playStory([scene], stage)).rejects.toThrow(
    "“corrects it”: expected + new.example, and nothing came in 0.05 s",
  );
});

it("names what came instead", async () => {
  const { stage } = setUp(removed, removed);
  await expect(playStory([scene], stage)).rejects.toThrow("expected + new.example, and this came: - old.example");
});

it("stops at once when nothing more can come", async () => {
  const { stage } = setUp();
  const playing = playStory([scene], { ...stage, timeoutMs: 60_000 });
  stage.bus.fail(new Error("the program ended with exit code 78"));
  await expect(playing).rejects.toThrow("exit code 78");
});

it("fails at the end when something was left over or the consumer holds something else", async () => {
  const { stage } = setUp(removed, announced, announced);
  await playStory([scene], stage);
  expect(() => checkEnd(stage, ["new.example"])).not.toThrow();
  await new Promise(setImmediate);
  stage.bus.push(announced);
  expect(() => checkEnd(stage, ["new.example"])).toThrow("nothing was expected: + new.example");
  expect(() => checkEnd(stage, ["old.example"])).toThrow("holds new.example; it should hold old.example");
});

it("reads indicators, and nothing else, from the program's output", () => {
  const indicator = { type: "indicator", name: "evil.example", pattern: "[x]" };
  expect(parseBusObject(JSON.stringify(indicator))).toEqual({
    name: "evil.example",
    pattern: "[x]",
    update: "announce",
  });
  expect(parseBusObject(JSON.stringify({ ...indicator, x_threatbus_update: "EDIT" })).update).toBe("edit");
  expect(parseBusObject(JSON.stringify({ ...indicator, x_threatbus_update: "REMOVE" })).update).toBe("remove");
  expect(() => parseBusObject('{"level":30,"msg":"started"}')).toThrow("not an indicator");
});

it("cuts what is too long for a line", () => {
  const parts: string[] = [];
  createScreen((part) => parts.push(part), { colour: false }).right({ ...announced, pattern: "x".repeat(200) });
  // 120 columns and the end of the line.
  expect(parts.join("").length).toBeLessThanOrEqual(121);
});

it("colours on a terminal only", async () => {
  const parts: string[] = [];
  const screen = createScreen((part) => parts.push(part), { colour: true });
  screen.left("adds it");
  screen.right(announced);
  expect(parts.join("")).toContain("\u001b[32m+ announce");
});
