import fc from "fast-check";
import { killPoints, type World } from "./world.ts";

const seed = fc.nat({ max: 0xffff_ffff });

/** What happens in a world, and how often. */
export const worldSteps = [
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("act" as const), seed }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("deliver" as const), count: fc.integer({ min: 1, max: 12 }), seed }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("bus" as const), up: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("kill" as const), point: fc.constantFrom(...killPoints), seed }),
  },
] as const;

export type WorldStep = (typeof worldSteps)[number]["arbitrary"] extends fc.Arbitrary<infer S> ? S : never;

export async function takeStep(world: World, step: WorldStep): Promise<void> {
  if (step.kind === "act") world.act(step.seed);
  else if (step.kind === "deliver") await world.deliver(step.count, step.seed);
  else if (step.kind === "bus") world.setBus(step.up);
  else await world.kill(step.point, step.seed);
}
