import { readFileSync } from "node:fs";
import type { Database } from "lmdb";
import { StoreError } from "./store-error.ts";

/** Who uses the state folder. A pid alone can be another process by now: its start time makes it unique. */
interface Owner {
  readonly pid: number;
  /** As /proc says it, in clock ticks since boot; empty where there is no /proc. */
  readonly startedAt: string;
}

const key = "owner";

/**
 * Takes the state folder for this process, or throws `locked`. The owner is a record in the store itself, read and written in
 * one write transaction, which LMDB serialises across processes: two that start at once cannot both win, and one that was
 * killed leaves nothing behind that a restart would trip over. A lock file could do only one of the two, since Node has no
 * flock. Both processes must see the same process table: two containers must not share a state folder.
 *
 * @returns releases the folder
 */
export function takeOwnership(meta: Database<unknown, string>, path: string): () => void {
  const own: Owner = { pid: process.pid, startedAt: startTime(process.pid) };
  const other = meta.transactionSync(() => {
    const owner = meta.get(key) as Owner | undefined;
    if (owner !== undefined && isAlive(owner)) return owner;
    meta.putSync(key, own);
    return undefined;
  });
  if (other !== undefined) {
    throw new StoreError(
      "locked",
      `another process (pid ${other.pid}) uses this state folder: ${path}. Stop it, or give this one its own state.path`,
    );
  }
  return () => {
    try {
      meta.removeSync(key);
    } catch {
      // No space, for one: who is not alive any more is in nobody's way.
    }
  };
}

function isAlive({ pid, startedAt }: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return startedAt === startTime(pid);
}

function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command's name, in parentheses, may hold spaces and parentheses; the 20th field behind it is the start time.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
