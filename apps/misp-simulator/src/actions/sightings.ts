import { sightingSaved } from "../messages/other-messages.ts";
import { topics } from "../messages/topics.ts";
import type { SightingRow } from "../rows.ts";
import { find, findOrg } from "../state.ts";
import {
  type ActionContext,
  type ActionResult,
  type CreatedResult,
  checkUuids,
  claimUuid,
  createEmission,
} from "./context.ts";

/** What happens to sightings. The attribute itself does not change; a deleted one can be sighted too. */
export interface SightingActions {
  addSighting(options: {
    readonly attributeId: number;
    readonly uuid?: string;
    /** The reporting organisation's id. @default 1 */
    readonly orgId?: number;
    /** 0 seen, 1 false positive, 2 expiration. @default 0 */
    readonly type?: number;
    readonly source?: string;
    /** Whole seconds; not checked, as in MISP. @default now */
    readonly date?: number;
  }): CreatedResult;
  /**
   * `silent`: without a message, as when MISP rolls a batch back or replaces an expiration (both recorded).
   * @default false
   */
  deleteSighting(options: { readonly id: number; readonly silent?: boolean }): ActionResult;
}

/** The sighting actions on a model. */
export function createSightingActions(context: ActionContext): SightingActions {
  const { state } = context;

  return {
    addSighting({ attributeId, uuid, orgId = 1, type = 0, source = "", date = context.now() }) {
      const attribute = find(state.attributes, attributeId, "attribute");
      const org = findOrg(state, orgId);
      checkUuids(context, [uuid]);
      const out = createEmission();
      const sighting: SightingRow = {
        id: context.nextId("sighting"),
        uuid: claimUuid(context, uuid),
        ...{ attribute, org, type, source, date },
      };
      state.sightings.add(sighting);
      attribute.sightings.push(sighting);
      attribute.event.sightingTimestamp = context.now();
      out.emit(topics.sighting, sightingSaved(sighting, "add"));
      return { id: sighting.id, notifications: out.notifications };
    },

    deleteSighting({ id, silent = false }) {
      const sighting = find(state.sightings, id, "sighting");
      const out = createEmission();
      if (!silent) out.emit(topics.sighting, sightingSaved(sighting, "delete"));
      state.sightings.delete(sighting);
      state.uuids.delete(sighting.uuid);
      const { sightings } = sighting.attribute;
      sightings.splice(sightings.indexOf(sighting), 1);
      return out;
    },
  };
}
