import { type AddedSighting, addSighting, type NewSighting } from "./add-sighting.ts";
import { type AddedSightings, addSightings, type BatchedSighting } from "./add-sightings.ts";
import { createDispatcher } from "./dispatcher.ts";
import { type EventIndex, readEventIndex } from "./event-index.ts";
import { findSightings, type SightingWindow } from "./find-sightings.ts";
import { type MispApiOptions, toSettings } from "./options.ts";
import { type OwnUser, readOwnUser } from "./own-user.ts";
import { refetchAttributes } from "./refetch-attributes.ts";
import { createSend, type RequestOptions } from "./request.ts";
import type { Rows } from "./search-attributes.ts";
import type { StoredSighting } from "./sighting.ts";
import { type MispTag, readTags } from "./tags.ts";
import { type MispVersion, readVersion } from "./version.ts";
import { type WalkOptions, walkAttributes } from "./walk-attributes.ts";

/**
 * MISP over REST. Every method rejects with a {@link MispApiError} when there is no usable answer, and with the signal's reason
 * when that aborts. Nothing is tried again but the pages of `attributesOf`, and nothing is remembered between requests.
 */
export interface MispApi extends AsyncDisposable {
  version(options?: RequestOptions): Promise<MispVersion>;
  ownUser(options?: RequestOptions): Promise<OwnUser>;
  tags(options?: RequestOptions): Promise<readonly MispTag[]>;
  /** Every event that the key can see, with its version. */
  eventIndex(options?: RequestOptions): Promise<EventIndex>;
  /** The attributes of events, the deleted ones too, with whole context, in the order of their ids. No events: nothing. */
  attributesOf(eventIds: readonly number[], options?: WalkOptions): AsyncIterable<Rows>;
  /** The same by the attributes' UUIDs. No UUIDs: nothing. */
  attributesByUuid(uuids: readonly string[], options?: RequestOptions): AsyncIterable<Rows>;
  /** One sighting, which MISP gives a UUID. To repeat it adds it again. */
  addSighting(sighting: NewSighting, options?: RequestOptions): Promise<AddedSighting>;
  /** Sightings with UUIDs of our own, of attributes of one event. To repeat it adds nothing. */
  addSightings(
    eventId: number,
    sightings: readonly BatchedSighting[],
    options?: RequestOptions,
  ): Promise<AddedSightings>;
  /** The sightings of one attribute in a window of time. */
  findSightings(
    attributeUuid: string,
    window: SightingWindow,
    options?: RequestOptions,
  ): Promise<readonly StoredSighting[]>;
}

/**
 * A client for one MISP and one key. Opens nothing before the first request.
 *
 * @throws MispApiError `invalid-options`
 */
export function createMispApi(options: MispApiOptions): MispApi {
  const settings = toSettings(options);
  const dispatcher = createDispatcher(settings);
  const send = createSend(settings, dispatcher);
  let disposed: Promise<void> | undefined;
  return {
    version: (options) => readVersion(send, options),
    ownUser: (options) => readOwnUser(send, options),
    tags: (options) => readTags(send, options),
    eventIndex: (options) => readEventIndex(send, options),
    attributesOf: (eventIds, options) => walkAttributes(send, eventIds, options),
    attributesByUuid: (uuids, options) => refetchAttributes(send, uuids, options),
    addSighting: (sighting, options) => addSighting(send, sighting, options),
    addSightings: (eventId, sightings, options) => addSightings(send, eventId, sightings, options),
    findSightings: (attributeUuid, window, options) => findSightings(send, attributeUuid, window, options),
    async [Symbol.asyncDispose]() {
      // Requests that are under way fail as `closed`.
      disposed ??= dispatcher.destroy();
      await disposed;
    },
  };
}
