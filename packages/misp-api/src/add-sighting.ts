import { isFields } from "@tb/misp-core";
import { readUuid } from "./read-fields.ts";
import type { RequestOptions, Send } from "./request.ts";
import { describeProblem, readSighting, type SightingContent, type StoredSighting } from "./sighting.ts";
import { unexpected } from "./unexpected.ts";

/** A single sighting, of one attribute or of every attribute that has a value. */
export type NewSighting = SightingContent & {
  readonly target:
    | { readonly attributeUuid: string }
    /** One half of a composite value, never the whole: as a whole it matches nothing (recorded). */
    | { readonly value: string };
};

/** What MISP's answer proves. */
export type AddedSighting =
  | { readonly ok: true; readonly sighting: StoredSighting }
  | {
      readonly ok: false;
      /**
       * `invalid`: nothing was sent. `no-such-attribute`: MISP has none, or shows it to nobody with this key. `refused`: MISP says
       * no in other words. The same request would fare no better.
       */
      readonly reason: "invalid" | "no-such-attribute" | "refused";
      readonly detail: string;
    };

/**
 * `POST /sightings/add`. MISP says no with status 200, so only a `Sighting` in the answer, of the type and time that were asked
 * for, is success: by value it is the last of the rows that were added. Not safe to repeat: MISP gives the sighting a UUID of its
 * own and adds another row each time.
 */
export async function addSighting(
  send: Send,
  sighting: NewSighting,
  options: RequestOptions | undefined,
): Promise<AddedSighting> {
  const { target, type, timestamp, source } = sighting;
  const attributeUuid = "value" in target ? undefined : readUuid(target.attributeUuid);
  const problem =
    "value" in target
      ? target.value.trim() === "" && "value is empty"
      : attributeUuid === undefined && "attributeUuid is no UUID";
  const detail = problem || describeProblem(sighting);
  if (detail) return { ok: false, reason: "invalid", detail };

  const path = "/sightings/add";
  const answer = await send(path, {
    ...options,
    body: {
      // MISP takes `uuid` for the attribute's, in lower case only; `value` is matched whatever the case.
      ...("value" in target ? { value: target.value } : { uuid: attributeUuid }),
      // As a string: an earlier expiration is replaced only then (`"2"`).
      type: String(type),
      timestamp,
      ...(source === undefined ? {} : { source }),
    },
  });
  const { body, said } = answer;
  const added = isFields(body) ? readSighting(body["Sighting"]) : undefined;
  if (added !== undefined && added.type === type && added.timestamp === timestamp) return { ok: true, sighting: added };
  // A GET that a proxy made of our POST brings an API description, which has neither; so has the answer to an XMLHttpRequest.
  if (!isFields(body) || "Sighting" in body || typeof body["message"] !== "string") {
    throw unexpected(path, "neither the sighting nor why there is none", answer);
  }
  const reason = /No valid attributes found/i.test(said) ? "no-such-attribute" : "refused";
  return { ok: false, reason, detail: said };
}
