import { hash } from "node:crypto";
import { describeMapping } from "@tb/misp-core";
import type { Config } from "./config/schema.ts";

/** Of all that entries are evaluated with: when it differs from the index's, they have to be evaluated anew. */
export function toDigest({ filter, baseUrl }: Pick<Config, "filter" | "baseUrl">): string {
  return hash("sha256", JSON.stringify([filter.items, describeMapping(), baseUrl ?? ""]));
}
