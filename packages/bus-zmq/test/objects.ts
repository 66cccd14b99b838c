import type { StixObject } from "@tb/misp-core";

/** An indicator that python-stix2 takes. */
export function indicator(n: number, properties: object = {}): StixObject {
  return {
    type: "indicator",
    spec_version: "2.1",
    id: `indicator--00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
    created: "2021-01-01T00:00:00.000Z",
    modified: "2021-01-01T00:00:00.000Z",
    name: `a${n}.example`,
    pattern: `[domain-name:value = 'a${n}.example']`,
    pattern_type: "stix",
    pattern_version: "2.1",
    valid_from: "2021-01-01T00:00:00.000Z",
    ...properties,
  };
}

/** The removal of what {@link indicator} announces. */
export function removal(n: number): StixObject {
  return indicator(n, {
    modified: "2021-01-02T00:00:00.000Z",
    valid_until: "2021-01-02T00:00:00.000Z",
    x_threatbus_update: "REMOVE",
  });
}

export function sighting(n: number, properties: object = {}): StixObject {
  return {
    type: "sighting",
    spec_version: "2.1",
    id: `sighting--00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
    created: "2021-01-01T00:00:00.000Z",
    modified: "2021-01-01T00:00:00.000Z",
    last_seen: "2021-01-01T00:00:00.000Z",
    sighting_of_ref: `indicator--00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
    ...properties,
  };
}
