import { isFields } from "@tb/misp-core";
import { readUuid } from "./read-fields.ts";
import type { RequestOptions, Send } from "./request.ts";
import { readSighting, type StoredSighting } from "./sighting.ts";
import { unexpected } from "./unexpected.ts";

/** The times of sighting to look between, whole seconds since the epoch, both included. */
export interface SightingWindow {
  readonly from: number;
  readonly to: number;
}

/**
 * The sightings of one attribute that the key can see, its own organisation's always among them: `POST
 * /sightings/restSearch/attribute`. There is no search by a sighting's UUID, and without a window MISP looks back 30 days only.
 * Empty when the attribute is unknown or cannot be seen.
 */
export async function findSightings(
  send: Send,
  attributeUuid: string,
  { from, to }: SightingWindow,
  options: RequestOptions | undefined,
): Promise<readonly StoredSighting[]> {
  const uuid = readUuid(attributeUuid);
  if (uuid === undefined) throw new RangeError(`${JSON.stringify(attributeUuid.slice(0, 60))} is no UUID`);
  const path = "/sightings/restSearch/attribute";
  // Only both together are a window; one alone is ignored (read in MISP's `Sighting` model).
  const answer = await send(path, { ...options, body: { returnFormat: "json", uuid, includeUuid: 1, from, to } });
  const list = isFields(answer.body) ? answer.body["response"] : undefined;
  if (!Array.isArray(list)) throw unexpected(path, "there is no list of sightings in it", answer);
  return list
    .map((item: unknown) => readSighting(isFields(item) ? item["Sighting"] : undefined))
    .filter((sighting) => sighting !== undefined);
}
