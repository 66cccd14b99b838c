/** A STIX 2.1 object as it goes over the bus. */
export interface StixObject {
  readonly type: string;
  readonly spec_version: "2.1";
  readonly id: string;
  readonly [property: string]: unknown;
}

/** A STIX 2.1 Indicator, with Threat Bus' custom property. Empty fields are left out. */
export interface Indicator extends StixObject {
  readonly type: "indicator";
  /** `indicator--<MISP attribute uuid>`, lower case. */
  readonly id: string;
  /** RFC 3339, UTC, milliseconds, as every time here. */
  readonly created: string;
  readonly modified: string;
  readonly name: string;
  readonly description?: string;
  readonly pattern: string;
  readonly pattern_type: string;
  readonly pattern_version?: "2.1";
  readonly valid_from: string;
  /** On a REMOVE equal to `modified`; on an announcement there when indicators of its type are valid for a time only. */
  readonly valid_until?: string;
  readonly created_by_ref?: string;
  readonly labels?: readonly string[];
  readonly confidence?: number;
  readonly external_references?: readonly {
    readonly source_name: string;
    readonly external_id: string;
    readonly url?: string;
  }[];
  readonly object_marking_refs?: readonly string[];
  readonly x_threatbus_update?: "EDIT" | "REMOVE";
}
