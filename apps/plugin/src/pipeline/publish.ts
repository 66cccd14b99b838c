import {
  type Bus,
  type IndexEntry,
  type Indicator,
  type IndicatorOptions,
  type StoreView,
  toAnnouncement,
  toRemovals,
} from "@tb/misp-core";
import type { Counters } from "../counters.ts";

/** How many entries one `publish` call covers at most. After a kill, what the last transaction had not confirmed yet is announced twice. */
const maxChunk = 500;

/** A dirty key whose objects were handed over to the bus. */
export interface Published {
  readonly sequence: number;
  readonly id: number;
  /** Its entry had patterns to remove, so its confirmation rewrites the entry. */
  readonly removed: boolean;
  /** When they were handed over, milliseconds. */
  readonly atMs: number;
}

export interface Publisher {
  /** A transaction brought new dirty keys. */
  wake(): void;
  /** What was handed over since the last call: the next transaction confirms it. */
  takePublished(): readonly Published[];
  /** Rejects when the bus is lost for good; resolves after `stop`. */
  readonly done: Promise<void>;
  /** Ends after everything dirty was handed over, or at once when `deadline` aborts: from then on the store is not read any more. */
  stop(deadline: AbortSignal): Promise<void>;
}

/** Publishes whatever is dirty, in commit order, one chunk at a time. A bus that is slow or down costs no memory: the keys wait in the store. */
export function startPublishing(
  view: StoreView,
  bus: Bus,
  options: IndicatorOptions & {
    readonly counters: Counters;
    readonly onPublished: () => void;
    /** Milliseconds since the epoch. @default Date.now */
    readonly now?: () => number;
  },
): Publisher {
  const { counters, now = Date.now } = options;
  let published: Published[] = [];
  let cursor = 0;
  /** Set when it is to end. */
  let end: AbortSignal | undefined;
  let wake: (() => void) | undefined;
  let woken = false;

  const run = async () => {
    while (end?.aborted !== true) {
      const chunk = view.dirtyAfter(cursor, maxChunk);
      if (chunk.length === 0) {
        if (end !== undefined) return;
        if (!woken) await new Promise<void>((resolve) => (wake = resolve));
        woken = false;
        continue;
      }
      const objects: Indicator[] = [];
      const repeated = new Set<Indicator>();
      const confirmed: { -readonly [Key in keyof Published]: Published[Key] }[] = [];
      for (const { sequence, id } of chunk) {
        cursor = sequence;
        const entry = view.entry(id);
        if (entry === undefined || entry.sequence !== sequence) continue;
        render(view, entry, options, objects, repeated);
        confirmed.push({ sequence, id, removed: entry.outdated.length > 0, atMs: 0 });
      }
      if (objects.length > 0) await bus.publish(objects);
      // It goes out once more with the next start.
      if (end?.aborted) return;
      for (const object of objects) counters.increment(repeated.has(object) ? "repeated" : countedAs(object));
      const atMs = now();
      for (const one of confirmed) one.atMs = atMs;
      published.push(...confirmed);
      options.onPublished();
    }
  };
  const done = run();
  // Whoever awaits `done` or `stop` hears of a failure; nobody may be listening yet.
  done.catch(() => undefined);

  const rouse = () => {
    woken = true;
    wake?.();
    wake = undefined;
  };

  return {
    wake: rouse,
    takePublished() {
      const taken = published;
      published = [];
      return taken;
    },
    done,
    async stop(deadline) {
      end = deadline;
      rouse();
      if (deadline.aborted) return;
      const passed = new Promise<void>((resolve) => {
        deadline.addEventListener("abort", () => resolve(), { once: true });
      });
      await Promise.race([done, passed]);
    },
  };
}

/**
 * The objects of one entry: a REMOVE for each pattern that consumers must drop, then its announcement. Consumers remove by
 * value, so right behind a REMOVE stands one announcement that still holds the value, as consumers last heard it.
 */
function render(
  view: StoreView,
  entry: IndexEntry,
  options: IndicatorOptions,
  objects: Indicator[],
  repeated: Set<Indicator>,
): void {
  for (const removal of toRemovals(entry, options)) {
    objects.push(removal);
    const survivor = holderOf(view, removal.pattern, entry.id);
    const repeat = survivor === undefined ? undefined : toAnnouncement(survivor, options);
    if (repeat === undefined) continue;
    objects.push(repeat);
    repeated.add(repeat);
  }
  const announcement = toAnnouncement(entry, options);
  if (announcement !== undefined) objects.push(announcement);
}

function countedAs({ x_threatbus_update: update }: Indicator): "announced" | "edited" | "removed" {
  if (update === "REMOVE") return "removed";
  return update === "EDIT" ? "edited" : "announced";
}

/** The live entry with the lowest id, `besides` left out, that announces the pattern. */
export function holderOf(view: StoreView, pattern: string, besides?: number): IndexEntry | undefined {
  for (const id of view.liveIdsWithPattern(pattern)) if (id !== besides) return view.entry(id);
  return undefined;
}
