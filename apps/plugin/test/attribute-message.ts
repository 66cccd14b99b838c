/** The nth of the UUIDs that tests know by number. */
export const uuid = (n: number): string => `5f7b2284-bdd8-4ef4-b457-${String(n).padStart(12, "0")}`;

/** What MISP publishes over ZeroMQ about the nth attribute, of the domain `host-n.example`; `part` goes into its `Attribute`. */
export const attribute = (n: number, action = "add", part: object = {}) => ({
  topic: "misp_json_attribute",
  body: JSON.stringify({
    Attribute: {
      id: String(n),
      event_id: "1",
      uuid: uuid(n),
      type: "domain",
      value: `host-${n}.example`,
      to_ids: true,
      timestamp: "1795494395",
      ...part,
    },
    // A deletion comes without its event.
    ...(action === "delete" ? {} : { Event: { id: "1", uuid: uuid(999), orgc_id: "1" } }),
    action,
  }),
});
