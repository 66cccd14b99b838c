import { pretty } from "./answer.ts";
import type { Endpoint } from "./endpoint.ts";
import { maySight, maySync } from "./key.ts";

/** The version that the recordings are from. */
const version = "2.5.1";

/** `servers/getVersion`: what MISP is, and what the asking user may do. */
export const serversGetVersion: Endpoint = (request, { key }) =>
  pretty(
    {
      version,
      pymisp_recommended_version: version,
      perm_sync: maySync(key),
      perm_sighting: maySight(key),
      perm_galaxy_editor: maySync(key),
      perm_analyst_data: key.role !== "read-only",
      uuid: "1d6a1c0e-5a64-4a8e-9a39-4f6f2f0d7e55",
      request_encoding: ["gzip"],
      filter_sightings: true,
    },
    request.headers["user-agent"],
  );
