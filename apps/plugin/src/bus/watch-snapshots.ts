import type { Bus, SnapshotRequest } from "@tb/misp-core";

const progressEveryMs = 10_000;
const dayMs = 86_400_000;
/** Lines about so many snapshots a minute at most: apps may subscribe again and again. */
const distinct = 32;

/**
 * The bus, with what becomes of each snapshot in the log: how far it is every 10 s, and how many objects it had in the end. One
 * without objects that was asked for 0 days, as after every subscription, is not worth a line.
 *
 * @param say `cause` tells which lines are about the same
 */
export function watchSnapshots(
  bus: Bus,
  say: (level: "info" | "warn", cause: string, text: string) => void,
): Pick<Bus, "snapshotRequests"> {
  let lastNumber = 0;

  const watch = (request: SnapshotRequest): SnapshotRequest => {
    lastNumber += 1;
    const number = lastNumber;
    const name = `snapshot ${number} (${Math.round((request.sinceMs / dayMs) * 10) / 10} days)`;
    const tell = (level: "info" | "warn", what: string, text: string) =>
      say(level, `snapshot ${number % distinct} ${what}`, `${name}: ${text}`);
    const beganAtMs = performance.now();
    const seconds = () => Math.round((performance.now() - beganAtMs) / 100) / 10;
    let toldAtMs = beganAtMs;
    let objects = 0;
    let ended = false;
    return {
      sinceMs: request.sinceMs,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      send(chunk) {
        // Handed on in this turn: what is live may change in the next.
        const sent = request.send(chunk);
        objects += chunk.length;
        if (performance.now() - toldAtMs >= progressEveryMs) {
          toldAtMs = performance.now();
          tell("info", `progress ${Math.round(seconds())}`, `${objects} objects after ${seconds()} s`);
        }
        return sent;
      },
      end() {
        if (!ended && request.signal?.aborted) {
          tell("warn", "gone", `its app has gone after ${objects} objects and ${seconds()} s`);
        } else if (!ended && (objects > 0 || request.sinceMs > 0)) {
          tell("info", "end", `${objects} objects in ${seconds()} s`);
        }
        ended = true;
        return request.end();
      },
    };
  };

  return {
    async *snapshotRequests(options) {
      for await (const request of bus.snapshotRequests(options)) yield watch(request);
    },
  };
}
