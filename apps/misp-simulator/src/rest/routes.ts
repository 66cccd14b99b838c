import { attributesSearch } from "./attributes-search.ts";
import type { Endpoint } from "./endpoint.ts";
import { eventsIndex } from "./events-index.ts";
import { eventsSearch, eventsView } from "./events-search.ts";
import { serversGetVersion } from "./server-info.ts";
import { sightingsAdd } from "./sightings-add.ts";
import { sightingsBulk } from "./sightings-bulk.ts";
import { sightingsDelete, sightingsList, sightingsSearch } from "./sightings-search.ts";
import { tagsIndex, tagsView } from "./tags.ts";
import { usersView } from "./users.ts";

/** What this MISP knows, by controller and action. */
export const routes: ReadonlyMap<string, Endpoint> = new Map([
  ["servers/getVersion", serversGetVersion],
  ["users/view", usersView],
  ["events/index", eventsIndex],
  ["events/view", eventsView],
  ["events/restSearch", eventsSearch],
  ["attributes/restSearch", attributesSearch],
  ["sightings/add", sightingsAdd],
  ["sightings/bulkSaveSightings", sightingsBulk],
  ["sightings/restSearch", sightingsSearch],
  ["sightings/listSightings", sightingsList],
  ["sightings/delete", sightingsDelete],
  ["tags/index", tagsIndex],
  ["tags/view", tagsView],
]);
