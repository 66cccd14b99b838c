import type { Outbox, OutboxChanges } from "@tb/misp-core";

/** The outbox's one writer. */
export interface Writer {
  /** Resolves when the changes are durable. After one commit has failed every write rejects with its error. */
  write(changes: OutboxChanges): Promise<void>;
  /** Resolves when nothing is being written; never rejects. */
  settled(): Promise<void>;
}

/**
 * Collects what comes while a commit is under way into the next one: a durable commit costs milliseconds, whatever its size, so
 * sightings that arrive together share one.
 */
export function createWriter(outbox: Outbox): Writer {
  let tail: Promise<void> = Promise.resolve();
  let open: { readonly changes: OutboxChanges[]; readonly committed: Promise<void> } | undefined;
  return {
    write(changes) {
      if (open === undefined) {
        const all: OutboxChanges[] = [];
        // A rejected tail skips this callback: nothing is written after a commit that failed.
        tail = tail.then(() => {
          open = undefined;
          return outbox.commit(merge(all));
        });
        open = { changes: all, committed: tail };
      }
      open.changes.push(changes);
      return open.committed;
    },
    settled: () =>
      tail.then(
        () => undefined,
        () => undefined,
      ),
  };
}

function merge(all: readonly OutboxChanges[]): OutboxChanges {
  return {
    discard: all.flatMap(({ discard = [] }) => discard),
    put: all.flatMap(({ put = [] }) => put),
    postpone: all.flatMap(({ postpone = [] }) => postpone),
    bury: all.flatMap(({ bury = [] }) => bury),
    done: all.flatMap(({ done = [] }) => done),
  };
}
