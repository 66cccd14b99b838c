import { compileSourceTemplate, type SightingDeliveryOptions } from "@tb/misp-sightings";
import { z } from "zod";
import { durationOrNone } from "./duration.ts";
import type { Report } from "./report.ts";
import { text } from "./scalars.ts";
import { asMapping, type ConfigPath } from "./tree.ts";

export const sightingsSchema = z
  .strictObject({
    by_value: z
      .boolean()
      .default(false)
      .describe("A sighting that lost its reference goes to every attribute that has its value."),
    source: text
      .default("threatbus")
      .describe("MISP's source of a sighting, with {source}, {match_type} and {description} of what was sighted."),
    throttle: durationOrNone
      .default(0)
      .describe("At most one row per attribute and kind in this time, carrying their number. 0: no limit."),
    max_rows: z.int().min(1).max(10_000).default(100).describe("At most so many rows for the count of one sighting."),
  })
  .prefault({});

/** How sightings are written to MISP: options for `createSightingDelivery`. */
export type SightingsConfig = Required<Pick<SightingDeliveryOptions, "byValue" | "source" | "throttleMs" | "maxRows">>;

/** The section `sightings`, or its defaults. Undefined when something is wrong with it: the template is reported here. */
export function readSightings(raw: unknown, path: ConfigPath, report: Report): SightingsConfig | undefined {
  const written = asMapping(raw)["source"];
  if (typeof written === "string") {
    const compiled = compileSourceTemplate(written);
    if (!compiled.ok) report.problem([...path, "source"], compiled.detail);
  }
  const parsed = sightingsSchema.safeParse(raw);
  if (!parsed.success) return undefined;
  const { by_value, source, throttle, max_rows } = parsed.data;
  const compiled = compileSourceTemplate(source);
  if (!compiled.ok) return undefined;
  return {
    byValue: by_value,
    source: compiled.template,
    throttleMs: Math.round(throttle * 1000),
    maxRows: max_rows,
  };
}
