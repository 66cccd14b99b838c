import { randomUUID } from "node:crypto";
import type { App } from "./app.ts";

/** An answer that comes later is nobody's: apps read their snapshot within minutes. */
const lifetimeMs = 10 * 60_000;
/** With 256 apps that each ask once, four rounds. */
const maxRemembered = 1_024;

/** Which app waits for the answers of the others under which id. */
export interface ForeignSnapshots {
  begin(requester: App): string;
  requesterOf(id: string): App | undefined;
}

export function createForeignSnapshots(now: () => number = () => performance.now()): ForeignSnapshots {
  const snapshots = new Map<string, { readonly requester: App; readonly beganAtMs: number }>();
  return {
    begin(requester) {
      for (const [id, { beganAtMs }] of snapshots) {
        if (snapshots.size < maxRemembered && now() - beganAtMs <= lifetimeMs) break;
        snapshots.delete(id);
      }
      const id = randomUUID();
      snapshots.set(id, { requester, beganAtMs: now() });
      return id;
    },
    requesterOf(id) {
      const snapshot = snapshots.get(id);
      if (snapshot === undefined || snapshot.requester.gone.signal.aborted) return undefined;
      return now() - snapshot.beganAtMs > lifetimeMs ? undefined : snapshot.requester;
    },
  };
}
