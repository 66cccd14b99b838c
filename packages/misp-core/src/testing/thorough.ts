/** CI looks ten times as hard as a developer's test run. */
export const thorough: boolean = process.env["THREATBUS_MISP_THOROUGH"] === "1";

/** How often a property of the invariants is tried. */
export const propertyRuns: number = thorough ? 20_000 : 2_000;

/** Mutation testing runs the tests a thousand times: with few runs a property cannot promise to have seen every case. */
export const mutating: boolean = process.env["THREATBUS_MISP_MUTATE"] === "1";

/** How often another property is tried: `usual`, and at most 100 times while mutating. */
export function runs(usual: number): number {
  return mutating ? Math.min(usual, 100) : usual;
}
