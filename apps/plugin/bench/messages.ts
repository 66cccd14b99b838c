/** Messages as MISP frames them, made without a model: making them must not be what is measured. */
const attributesPerEvent = 50;

function hex(n: number, digits: number): string {
  return n.toString(16).padStart(digits, "0");
}

/** The event that an attribute is in. */
export function eventOf(id: number): number {
  return 1 + Math.floor(id / attributesPerEvent);
}

/** Scatters ids over the whole range, as real UUIDs are. */
export function uuidOf(id: number): string {
  const scattered = Math.imul(id, 0x9e3779b1) >>> 0;
  return `${hex(scattered, 8)}-0000-4000-8000-${hex(id, 12)}`;
}

/** An attribute message of about 0.9 kB, the median of the recorded ones. `timestamp` in seconds; an edit's is one more by default. */
export function attributeMessage(
  action: "add" | "edit",
  id: number,
  comment: string,
  timestamp: number = 1_795_494_395 + (action === "edit" ? 1 : 0),
): string {
  const event = eventOf(id);
  const value = `host-${id}.load.example`;
  return `misp_json_attribute ${JSON.stringify({
    Attribute: {
      id: String(id),
      event_id: String(event),
      object_id: "0",
      object_relation: null,
      category: "Network activity",
      type: "domain",
      value1: value,
      value2: "",
      to_ids: true,
      uuid: uuidOf(id),
      timestamp: String(timestamp),
      distribution: "5",
      sharing_group_id: "0",
      comment,
      deleted: false,
      disable_correlation: false,
      first_seen: null,
      last_seen: null,
      value,
      Sighting: [],
    },
    Event: {
      id: String(event),
      date: "2026-11-24",
      info: "Generated load",
      uuid: uuidOf(1_000_000_000 + event),
      published: false,
      analysis: "0",
      threat_level_id: "2",
      org_id: "1",
      orgc_id: "1",
      distribution: "1",
      sharing_group_id: "0",
      Orgc: { id: "1", uuid: "3b53361a-72a6-470d-8035-ffc51285a83d", name: "ORGNAME" },
    },
    action,
  })}`;
}
