import { propertyRuns } from "@tb/misp-core/testing";
import { createRandom, type MispModel, randomAction } from "@tb/misp-simulator";
import fc from "fast-check";
import { expect, it } from "vitest";
import { describeDifferences, expectedIndicators, filtersToTry } from "./expected.ts";
import { createRestWorld } from "./rest-world.ts";
import { compileItems } from "./world.ts";

const seed = fc.nat({ max: 0xffff_ffff });
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant("act" as const), seed }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reconcile" as const), seed }) },
);

const tagging = new Set(["attachTag", "detachTag", "tagEvent", "untagEvent"]);
/** Local tags change no version of an event: whoever loses such a message learns of it only by reading everything. */
const versions = ({ state }: MispModel) => [...state.events].map(({ id, timestamp }) => `${id} ${timestamp}`).join();

it("whatever is lost, one reconcile makes the bus equal to MISP", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...filtersToTry),
      fc.constantFrom(0, 0.1, 0.5, 1),
      fc.array(step, { minLength: 1, maxLength: 60, size: "max" }),
      async (items, loss, steps) => {
        await using world = await createRestWorld(compileItems(items));
        for (const s of steps) {
          if (s.kind === "reconcile") {
            world.pass(3);
            await world.reconcile();
            continue;
          }
          const random = createRandom(s.seed);
          world.pass(random(3));
          const before = versions(world.model);
          const { action, notifications } = randomAction(world.model, random, { attributes: 15, silent: true });
          const leavesNoTrace = tagging.has(action.action) && versions(world.model) === before;
          await world.hear(notifications.filter(() => leavesNoTrace || random(100) >= loss * 100));
        }
        world.pass(15);
        await world.reconcile();
        const expected = expectedIndicators(world.model, items);
        expect(describeDifferences(world.consumers.byId, world.consumers.byPattern, expected)).toEqual([]);
      },
    ),
    { numRuns: Math.ceil(propertyRuns / 10) },
  );
}, 1_200_000);
