import { hash } from "node:crypto";
import { describeMapping } from "@tb/misp-core";
import type { GatesConfig } from "./config/gates.ts";
import type { Config } from "./config/schema.ts";

/** Of all that entries are evaluated with: when it differs from the index's, they have to be evaluated anew. */
export function toDigest({ filter, baseUrl, gates }: Pick<Config, "filter" | "baseUrl" | "gates">): string {
  return hash("sha256", JSON.stringify([filter.items, describeMapping(), baseUrl ?? "", ...describeGates(gates)]));
}

/** Nothing while all are off, as before there were any: then no index has to be evaluated anew. */
function describeGates({
  publishedOnly = false,
  distribution,
  maxAgeMs,
  validFor,
  except,
}: GatesConfig): readonly unknown[] {
  const described = [
    publishedOnly,
    distribution === undefined ? null : [...distribution].sort(),
    maxAgeMs ?? null,
    validFor === undefined
      ? null
      : [validFor.defaultMs ?? null, [...validFor.byType].sort(([a], [b]) => (a < b ? -1 : 1))],
    except?.list.digest ?? null,
  ];
  return described.some((part) => part !== null && part !== false) ? [described] : [];
}
