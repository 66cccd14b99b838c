import { isFields, readId, readOptionalBoolean } from "@tb/misp-core";
import { MispApiError } from "./misp-api-error.ts";
import { readUuid } from "./read-fields.ts";
import type { RequestOptions, Send } from "./request.ts";
import { describeProblem, type SightingContent } from "./sighting.ts";
import { unexpected } from "./unexpected.ts";

/** One sighting of a batch, with a UUID of our choice: MISP skips what it knows already, so a batch can be repeated. */
export type BatchedSighting = SightingContent & {
  /** Lower case, and once in a batch. */
  readonly uuid: string;
  /** Lower case. */
  readonly attributeUuid: string;
};

/** What MISP's answer proves. */
export type AddedSightings =
  | {
      readonly ok: true;
      /** Rows that MISP says it added. */
      readonly added: number;
      /**
       * As many as were sent, so MISP has all of them now. When false, each may be known already, or of an attribute that does not
       * exist: the answer does not tell, and `findSightings` does.
       */
      readonly proven: boolean;
    }
  /** Nothing was sent: MISP would drop the whole batch, or skip the item, without a word. */
  | { readonly ok: false; readonly reason: "invalid"; readonly index: number; readonly detail: string }
  /** MISP has no such event, or shows it to nobody with this key. */
  | { readonly ok: false; readonly reason: "no-such-event"; readonly detail: string };

/**
 * `POST /sightings/bulkSaveSightings/<event id>`, about 1.7 ms a sighting (recorded). It takes attributes of other events as well,
 * if the key can see them, and books everything on the user's organisation. No sightings are no request.
 */
export async function addSightings(
  send: Send,
  eventId: number,
  sightings: readonly BatchedSighting[],
  options: RequestOptions | undefined,
): Promise<AddedSightings> {
  if (readId(eventId) === undefined) throw new RangeError(`${eventId} is no event id`);
  if (sightings.length === 0) return { ok: true, added: 0, proven: true };
  const problem = findProblem(sightings);
  if (problem !== undefined) return { ok: false, reason: "invalid", ...problem };
  const path = `/sightings/bulkSaveSightings/${eventId}`;
  const items = sightings.map(({ uuid, attributeUuid, type, timestamp, source }) => ({
    uuid,
    attribute_uuid: attributeUuid,
    date_sighting: String(timestamp),
    type: String(type),
    ...(source === undefined ? {} : { source }),
  }));
  const answer = await send(path, { ...options, body: items }).catch((error: unknown) => {
    if (!isNoSuchEvent(error)) throw error;
    return error;
  });
  if (answer instanceof MispApiError) return { ok: false, reason: "no-such-event", detail: answer.message };
  const { body } = answer;
  if (!isFields(body) || typeof body["success"] !== "string" || readOptionalBoolean(body["saved"]) === undefined) {
    throw unexpected(path, "it does not say how many sightings were added", answer);
  }
  // The text is in MISP's language, the number in it is not.
  const number = readOptionalBoolean(body["saved"]) ? /\d+/.exec(body["success"])?.[0] : undefined;
  const added = Number(number ?? 0);
  return { ok: true, added, proven: added === sightings.length };
}

function findProblem(
  sightings: readonly BatchedSighting[],
): { readonly index: number; readonly detail: string } | undefined {
  const seen = new Set<string>();
  for (const [index, sighting] of sightings.entries()) {
    const { uuid, attributeUuid } = sighting;
    const detail =
      // In upper case an attribute is not found, and a sighting that is known already fails the batch with 500 (recorded).
      (readUuid(uuid) !== uuid && "uuid is no UUID in lower case") ||
      (readUuid(attributeUuid) !== attributeUuid && "attributeUuid is no UUID in lower case") ||
      (seen.has(uuid) && "uuid is twice in the batch") ||
      describeProblem(sighting);
    if (detail) return { index, detail };
    seen.add(uuid);
  }
  return undefined;
}

/** MISP answers 405 for an event that does not exist or cannot be seen (recorded). */
function isNoSuchEvent(error: unknown): error is MispApiError {
  return error instanceof MispApiError && error.status === 405 && /Event not found/i.test(error.message);
}
