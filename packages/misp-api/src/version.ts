import { isFields, readOptionalBoolean } from "@tb/misp-core";
import { readText, readTime } from "./read-fields.ts";
import type { RequestOptions, Send } from "./request.ts";
import { unexpected } from "./unexpected.ts";

/** Which MISP it is, and what the key may do there. */
export interface MispVersion {
  /** Such as `2.5.1`. */
  readonly version: string;
  /**
   * Whether sightings may be reported with this key. Unlike the role in {@link OwnUser} it knows of keys that are read-only: MISP
   * takes their permissions away for the request alone (read in its `AuthKey` model).
   */
  readonly maySight: boolean;
  /** When the key expires, in milliseconds since the epoch. Undefined: never, or an old kind of key. */
  readonly keyExpiresAtMs: number | undefined;
}

/** `GET /servers/getVersion`. Every key may ask. */
export async function readVersion(send: Send, options: RequestOptions | undefined): Promise<MispVersion> {
  const path = "/servers/getVersion";
  const answer = await send(path, options);
  const body = isFields(answer.body) ? answer.body : {};
  const version = readText(body["version"]);
  if (version === undefined) throw unexpected(path, "there is no version in it", answer);
  return {
    version,
    maySight: readOptionalBoolean(body["perm_sighting"]) ?? false,
    // In a header of every answer, as ISO 8601, if the key has one (read in MISP's `AppController`).
    keyExpiresAtMs: readTime(answer.headers.get("x-auth-key-expiration")),
  };
}
