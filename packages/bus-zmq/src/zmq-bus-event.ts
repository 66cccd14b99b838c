/** Why something that came in was not taken. */
export type RefusalReason =
  /** A management request that Threat Bus knows no answer to, or that is no JSON; it was answered. */
  | "bad-request"
  /** A subscription beyond the limit on apps; it was answered with an error. */
  | "too-many-apps"
  /** A message that is not one frame `<topic> <JSON>` in UTF-8. */
  | "bad-frame"
  | "unknown-topic"
  /** JSON, and not the STIX object or envelope that its topic promises. */
  | "bad-object"
  /** An indicator that carries an id (or whatever else the program checks) of ours. */
  | "ours"
  /** An indicator of which could not be told whether it is ours: the check threw. */
  | "unchecked"
  /** A snapshot envelope for a request that nobody made, or made too long ago. */
  | "unknown-snapshot"
  | "too-many-snapshots"
  /** A sighting for which there was no room: nobody takes them. */
  | "sighting-overflow";

/**
 * What happens on a bus besides its status, to be counted by `kind` and, where there is one, `reason` or `cause`. `detail` is for
 * a person and holds no control characters.
 */
export type ZmqBusEvent =
  | { readonly kind: "refused"; readonly reason: RefusalReason; readonly detail: string }
  | { readonly kind: "app-subscribed"; readonly app: number; readonly detail: string }
  | { readonly kind: "app-unsubscribed"; readonly app: number; readonly detail: string }
  /** Forgotten: its next heartbeat is answered with an error, and it subscribes again. */
  | { readonly kind: "app-expired"; readonly app: number; readonly cause: ExpiryCause; readonly detail: string }
  /** An object of another app was passed on to the apps that want it. */
  | { readonly kind: "relayed"; readonly type: "indicator" | "sighting" }
  /** The host listens where others than this machine reach it. Once, when it begins. */
  | { readonly kind: "exposed"; readonly detail: string }
  /** An attempt to join came to nothing; the next one follows. Status tells only the first of a row. */
  | { readonly kind: "join-failed"; readonly detail: string }
  /** An indicator that a lost host may not have got could not be rendered once more. */
  | { readonly kind: "not-repeated"; readonly id: string; readonly detail: string }
  /** Joined again: what was sent last went out once more. */
  | { readonly kind: "rejoined"; readonly repeated: number; readonly detail: string };

export type ExpiryCause =
  /** No heartbeat for 60 s. */
  | "silent"
  /** Its data connection was lost, and with it what was on its way. */
  | "disconnected"
  /** It took nothing for 30 s while something waited for it, too much waited, or what waited could not be rendered. */
  | "behind";

/** What a peer wrote, for a person: short, and without anything that a terminal would obey. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text).replace(
    /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
