import { readFileSync, statSync } from "node:fs";

/** How a watched file is looked at. */
export interface FileAccess {
  /** What differs when the file has changed or was replaced. Throws when there is none. */
  stamp(path: string): string;
  read(path: string): string;
}

const onDisk: FileAccess = {
  stamp(path) {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  },
  read: (path) => readFileSync(path, "utf8"),
};

export interface WatchOptions {
  /** @default 5000 */
  readonly everyMs?: number;
  /** Until the file is looked at a second time: one that is still being written must not be taken for complete. @default 500 */
  readonly settleMs?: number;
  readonly access?: FileAccess;
  /** The content of the file: as it is when it is first looked at, and whenever it has changed since. */
  readonly onChange: (content: string) => void;
  /** It cannot be read. Told once until it can be. */
  readonly onUnreadable: (reason: string) => void;
}

/**
 * Looks at a file again and again: notifications of the file system miss network file systems, and files that are replaced.
 * Keeps no process alive.
 */
export function watchFile(path: string, options: WatchOptions): { stop(): void } {
  const { everyMs = 5_000, settleMs = 500, access = onDisk, onChange, onUnreadable } = options;
  const stampOf = (): string | undefined => {
    try {
      return access.stamp(path);
    } catch (error) {
      return complain(error);
    }
  };
  const complain = (error: unknown): undefined => {
    if (!unreadable) onUnreadable((error as NodeJS.ErrnoException).code ?? String(error));
    unreadable = true;
    return undefined;
  };
  let unreadable = false;
  let known: string | undefined;
  let settling: string | undefined;
  let timer: NodeJS.Timeout | undefined;

  const look = () => {
    const stamp = stampOf();
    let next = everyMs;
    if (stamp === undefined || (stamp === known && !unreadable)) {
      settling = undefined;
    } else if (stamp !== settling) {
      settling = stamp;
      next = settleMs;
    } else {
      settling = undefined;
      try {
        const content = access.read(path);
        unreadable = false;
        known = stamp;
        onChange(content);
      } catch (error) {
        complain(error);
      }
    }
    timer = setTimeout(look, next).unref();
  };
  timer = setTimeout(look, everyMs).unref();
  return { stop: () => clearTimeout(timer) };
}
