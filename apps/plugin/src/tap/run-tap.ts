import type { Notification, Source, SourceStatus } from "@tb/misp-core";
import type { SourceKind } from "../load-optional.ts";
import { quietHint } from "./quiet-hint.ts";

export interface TapOptions {
  readonly source: Source;
  readonly kind: SourceKind;
  /** Aborted: nothing more is read or written. */
  readonly signal: AbortSignal;
  /** The lines of one notification, without the last line break. */
  readonly format: (notification: Notification) => string;
  /** Resolves when it is written. */
  readonly write: (text: string) => Promise<void>;
  /** Says something beside the notifications. */
  readonly say: (text: string) => void;
  /** Notifications on this topic only say that the publisher is alive: they are not shown. */
  readonly lifeTopic?: string;
  /** How many notifications are shown; Infinity: no limit. */
  readonly count: number;
  /** After how long without any notification it is said what to check. */
  readonly quietAfterMs: number;
}

export interface TapSummary {
  readonly notifications: number;
  readonly bytes: number;
  /** Most frequent first. */
  readonly topics: readonly (readonly [topic: string, count: number])[];
}

/** More is written at once than one large message, and less than would be noticed in memory. */
const chunkCharacters = 256 * 1024;

/** Shows what a source brings until `count` or the signal. It never acknowledges anything. */
export async function runTap(options: TapOptions): Promise<TapSummary> {
  const { source, signal, format, write, say, lifeTopic, count } = options;
  const topics = new Map<string, number>();
  let notifications = 0;
  let bytes = 0;
  const watch = watchConnection(options, () => notifications > 0);

  const showBatch = async (batch: readonly Notification[]) => {
    let text = "";
    for (const notification of batch) {
      if (notification.topic === lifeTopic) {
        watch.alive();
        continue;
      }
      text += `${format(notification)}\n`;
      notifications += 1;
      bytes += notification.body.length;
      topics.set(notification.topic, (topics.get(notification.topic) ?? 0) + 1);
      if (notifications >= count) break;
      if (text.length < chunkCharacters) continue;
      await write(text);
      text = "";
      if (signal.aborted) return;
    }
    if (text !== "") await write(text);
  };

  try {
    for await (const batch of source.read({ signal })) {
      await showBatch(batch.notifications);
      if (notifications >= count || signal.aborted) break;
    }
  } catch (error) {
    say(`the source is lost: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  } finally {
    watch.stop();
  }
  return { notifications, bytes, topics: [...topics].sort(([, a], [, b]) => b - a) };
}

/** Says how the connection goes, and what to check while nothing arrives. */
function watchConnection({ source, kind, say, quietAfterMs }: TapOptions, hasArrived: () => boolean) {
  let connected = false;
  let alive = false;
  let stopped = false;
  let sinceMs = performance.now();
  let timer: NodeJS.Timeout | undefined;

  const hint = () => {
    if (hasArrived()) return;
    const seconds = Math.round((performance.now() - sinceMs) / 1_000);
    const [first = "", ...points] = quietHint({ kind, connected, alive, seconds });
    say(first);
    for (const point of points) say(`  - ${point}`);
  };
  const startWaiting = () => {
    clearTimeout(timer);
    sinceMs = performance.now();
    timer = setTimeout(hint, quietAfterMs);
  };
  startWaiting();

  const follow = async () => {
    let last = "";
    for await (const status of source.status()) {
      if (stopped) return;
      // Each time the program has to say something else: connected after not, or the other way round.
      const isUp = status.state === "connected" || status.state === "partial";
      if (connected !== isUp && status.state !== "gap") {
        connected = isUp;
        if (!hasArrived()) startWaiting();
      }
      const text = sayStatus(status, last === "");
      if (status.state !== "closed" && text !== last) say(text);
      last = text;
    }
  };
  // It ends with its source; what went wrong there is told by reading.
  follow().catch(() => undefined);

  return {
    alive() {
      alive = true;
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function sayStatus(status: SourceStatus, isFirst: boolean): string {
  const { state, detail } = status;
  switch (state) {
    case "connected":
      return `connected: ${detail}; waiting for notifications`;
    case "partial":
      return `connected, but not all of it comes: ${detail}`;
    case "gap":
      return `possible gap: ${status.lost === undefined ? "" : `${status.lost} `}${detail}`;
    // Nothing was lost yet: it is how every connection begins.
    case "disconnected":
      return isFirst ? detail : `disconnected: ${detail}`;
    default:
      return `${state.replace("-", " ")}: ${detail}`;
  }
}
