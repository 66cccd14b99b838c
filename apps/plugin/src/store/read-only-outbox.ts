import { type OpenedReadOnly, openReadOnly } from "./open-read-only.ts";
import { createOutboxReads, type OutboxReads, openOutboxDatabases } from "./outbox-reads.ts";

/** Opens the outbox in a state folder for reading, as {@link openReadOnly} does: also while the program runs. */
export function openReadOnlyOutbox(path: string): OpenedReadOnly<OutboxReads> {
  return openReadOnly(path, {
    name: "outbox",
    makeView(root) {
      const databases = openOutboxDatabases(root);
      return databases === undefined ? undefined : createOutboxReads(databases);
    },
  });
}
