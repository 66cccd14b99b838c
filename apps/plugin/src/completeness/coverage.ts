import { hash } from "node:crypto";
import { describeMapping, type Filter, isMappedType, mispTypes } from "@tb/misp-core";

/** What of MISP the index mirrors: the conditions of the filter that an attribute or event meets once and for all, and the mapping. */
export interface Coverage {
  /** The only types of attributes that can ever be announced. */
  readonly types: readonly string[];
  /** Whether an event of this organisation can hold anything that can ever be announced. */
  admits(event: { readonly orgId?: number | undefined; readonly orgUuid?: string | undefined }): boolean;
  /** Equal as long as what was read need not be read again. */
  readonly digest: string;
}

export function toCoverage(filter: Filter): Coverage {
  const types = (filter.types ?? mispTypes).filter(isMappedType);
  const statics = filter.items.map(({ orgs, types }) => [orgs ?? null, types ?? null]);
  return {
    types,
    admits: (event) => types.some((type) => filter.couldMatch({ ...event, type })),
    digest: hash("sha256", JSON.stringify([statics, describeMapping()])),
  };
}
