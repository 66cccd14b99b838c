/** CI looks ten times as hard as a developer's test run. */
export const thorough: boolean = process.env["THREATBUS_MISP_THOROUGH"] === "1";

/** How often a property of the invariants is tried. */
export const propertyRuns: number = thorough ? 20_000 : 2_000;
