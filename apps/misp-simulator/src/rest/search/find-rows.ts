import type { Pool } from "../../pool.ts";
import type { AttributeRow, EventRow } from "../../rows.ts";
import type { MispState } from "../../state.ts";
import type { View } from "../visibility.ts";
import type { SearchFilter } from "./filter.ts";

/** The row that a path names, by id or by uuid. */
export function rowNamed<Row extends { readonly id: number; readonly uuid: string }>(
  rows: Pool<Row>,
  name: string,
): Row | undefined {
  return /^\d+$/.test(name) ? rows.get(Number(name)) : [...rows].find(({ uuid }) => uuid === name);
}

/** The events that are seen and pass, by id. */
export function findEvents(state: MispState, view: View, filter: SearchFilter): EventRow[] {
  const found: EventRow[] = [];
  for (const row of candidates(state, filter)) {
    if (!view.event(row) || !filter.event(row)) continue;
    if (filter.narrowsAttributes && !someAttribute(row, view, filter)) continue;
    found.push(row);
  }
  return found.sort((left, right) => left.id - right.id);
}

function someAttribute(event: EventRow, view: View, filter: SearchFilter): boolean {
  for (const row of event.attributes) if (view.attribute(row) && filter.attribute(row)) return true;
  return false;
}

/** Events by id are what a reconcile asks for: they must not cost a walk over all. */
function candidates(state: MispState, filter: SearchFilter): Iterable<EventRow> {
  if (filter.events.length === 0 || !filter.events.every((term) => /^\d+$/.test(term))) return state.events;
  const rows = new Set<EventRow>();
  for (const term of filter.events) {
    const row = state.events.get(Number(term));
    if (row) rows.add(row);
  }
  return rows;
}

/** The attributes that are seen and pass, by id. */
export function findAttributes(state: MispState, view: View, filter: SearchFilter): AttributeRow[] {
  const found: AttributeRow[] = [];
  const admit = (row: AttributeRow) => {
    if (view.attribute(row) && filter.attribute(row)) found.push(row);
  };
  if (filter.uuids.length > 0) {
    for (const uuid of new Set(filter.uuids)) {
      const row = state.attributesByUuid.get(uuid);
      if (row && view.event(row.event) && filter.event(row.event)) admit(row);
    }
  } else {
    for (const event of candidates(state, filter)) {
      if (!view.event(event) || !filter.event(event)) continue;
      for (const row of event.attributes) admit(row);
    }
  }
  return found.sort((left, right) => left.id - right.id);
}
