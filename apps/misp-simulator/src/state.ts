import type { NewAttribute } from "./actions/attributes.ts";
import type { NewEvent } from "./actions/events.ts";
import { createPool, type Pool } from "./pool.ts";
import type { AttributeRow, EventRow, ObjectRow, Org, SightingRow, TagRow } from "./rows.ts";
import { SimulatorError } from "./simulator-error.ts";

/** What MISP's database holds. Read it freely; only the actions change it. */
export interface MispState {
  readonly orgs: ReadonlyMap<number, Org>;
  readonly events: Pool<EventRow>;
  readonly attributes: Pool<AttributeRow>;
  /** REST callers name attributes by uuid; searching a million rows for each would take longer than MISP does. */
  readonly attributesByUuid: Map<string, AttributeRow>;
  readonly objects: Pool<ObjectRow>;
  readonly tags: Pool<TagRow>;
  readonly sightings: Pool<SightingRow>;
  /** Uuids in use, of attributes, events, objects and sightings: MISP refuses a second row with the same one. */
  readonly uuids: Set<string>;
  /** The latest of what was deleted for good, ready to be imported again under its old uuids. */
  readonly graveyard: {
    readonly events: NewEvent[];
    readonly attributes: NewAttribute[];
  };
}

/** Kinds of numeric ids: each grows by itself and is never reused (recorded: a re-import gets a higher id). */
type IdKind = "event" | "attribute" | "object" | "tag" | "sighting" | "attachment";

/** Hands out ids. */
export type NextId = (kind: IdKind) => number;

/** A state that knows its organisations and nothing else. */
export function createState(orgs: readonly Org[]): MispState {
  return {
    orgs: new Map(orgs.map((org) => [org.id, org])),
    events: createPool(),
    attributes: createPool(),
    attributesByUuid: new Map(),
    objects: createPool(),
    tags: createPool(),
    sightings: createPool(),
    uuids: new Set(),
    graveyard: { events: [], attributes: [] },
  };
}

/** Ids of each kind from 1 on. */
export function createIds(): NextId {
  const last = new Map<IdKind, number>();
  return (kind) => {
    const id = (last.get(kind) ?? 0) + 1;
    last.set(kind, id);
    return id;
  };
}

/** The row with this id, or a {@link SimulatorError} `not-found`. */
export function find<Row extends { readonly id: number }>(pool: Pool<Row>, id: number, what: string): Row {
  const row = pool.get(id);
  if (row === undefined) throw new SimulatorError("not-found", `there is no ${what} ${id}`);
  return row;
}

/** The organisation with this id, or a {@link SimulatorError} `not-found`. */
export function findOrg(state: MispState, id: number): Org {
  const org = state.orgs.get(id);
  if (org === undefined) throw new SimulatorError("not-found", `there is no organisation ${id}`);
  return org;
}

/** Appends to one of the graveyard's lists; only the latest few are kept. */
export function bury<Item>(list: Item[], item: Item): void {
  list.push(item);
  if (list.length > 20) list.shift();
}
