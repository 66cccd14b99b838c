import type { RootDatabase } from "lmdb";
import { toStoreError } from "./store-error.ts";

/** The transactions of one file, for all who write to it. */
export interface DurableWrites {
  /**
   * Runs `put`, synchronously, which puts and removes; resolves when all of that is durable, and reads show it from then on.
   * Rejects with {@link StoreError} when it is not. What is put in one turn of the event loop, by whomever, becomes one
   * transaction, and so fails together. `put` must not throw: what it put before that would be written all the same.
   */
  write(put: () => void): Promise<void>;
  /** Resolves when nothing is being written; never rejects. */
  settled(): Promise<void>;
}

/** @param path the state folder, for error texts */
export function createDurableWrites(root: RootDatabase, path: string): DurableWrites {
  const writing = new Set<Promise<void>>();

  const write = async (put: () => void) => {
    try {
      await root.batch(put);
    } catch (error) {
      // lmdb says that a commit failed, and why in a promise of its own: unheard, it would end the process.
      const { commitError } = error as { commitError?: Promise<unknown> };
      throw toStoreError(path, (await commitError?.then(undefined, (cause: unknown) => cause)) ?? error);
    }
  };

  return {
    write(put) {
      const written = write(put).finally(() => writing.delete(written));
      writing.add(written);
      return written;
    },
    async settled() {
      await Promise.allSettled(writing);
    },
  };
}
