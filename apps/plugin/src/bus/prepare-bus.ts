import { type Bus, type IndicatorOptions, type StoreView, toAnnouncement } from "@tb/misp-core";
import type { Config } from "../config/schema.ts";
import { loadBus, type ZmqBusEvent } from "../load-optional.ts";
import { createNdjsonBus } from "./ndjson-bus.ts";
import { standardOutput } from "./standard-output.ts";
import { watchSnapshots } from "./watch-snapshots.ts";

/** What a bus needs of the program. */
interface BusParts {
  readonly store: StoreView;
  readonly rendering: IndicatorOptions;
  /** Something could not be read: a line, a request, an object. */
  readonly onRefused: (reason: string, detail: string) => void;
  readonly say: (level: "info" | "warn" | "error", cause: string, text: string) => void;
}

/** How to open the configured bus, or what is wrong with the installation, and the command that helps. */
export type PreparedBus =
  | { readonly ok: true; readonly description: string; open(parts: BusParts): Bus }
  | { readonly ok: false; readonly text: string };

/** Loads the package that the configured bus needs, if any. Opens nothing. */
export async function prepareBus(bus: Config["bus"]): Promise<PreparedBus> {
  if (bus.kind === "ndjson") {
    const description = "STIX objects on standard output, one per line";
    return {
      ok: true,
      description,
      open: ({ onRefused }) => createNdjsonBus({ output: standardOutput(), input: process.stdin, onRefused }),
    };
  }
  const loaded = await loadBus(bus.kind === "host" ? "plugins.apps.zmq" : "threatbus");
  if (!loaded.ok) return loaded;
  const { createZmqHostBus, createZmqJoinBus } = loaded.module;
  if (bus.kind === "join") {
    const { kind: _, ...options } = bus;
    return {
      ok: true,
      description: `the Threat Bus at ${bus.host}:${bus.port}`,
      open(parts) {
        const joined = createZmqJoinBus({ ...options, ...toOptions(parts) });
        return { ...joined, ...watchSnapshots(joined, parts.say) };
      },
    };
  }
  const { kind: _, ...options } = bus;
  return {
    ok: true,
    description: `Threat Bus apps, at ${bus.host}: ${bus.manage}, ${bus.pub}, ${bus.sub}`,
    open: (parts) => {
      const isOurs = ({ id }: { readonly id: string }) => parts.store.byUuid(toUuid(id)) !== undefined;
      const hosted = createZmqHostBus({ ...options, ...toOptions(parts), isOurs });
      return { ...hosted, ...watchSnapshots(hosted, parts.say) };
    },
  };
}

const distinctApps = 32;

const toUuid = (id: string) => id.slice(id.indexOf("--") + 2).toLowerCase();

function toOptions({ store, rendering, onRefused, say }: BusParts) {
  return {
    renderAgain(id: string) {
      const found = store.byUuid(toUuid(id));
      const entry = found !== undefined && "id" in found ? store.entry(found.id) : undefined;
      return entry === undefined ? undefined : toAnnouncement(entry, rendering);
    },
    onEvent(event: ZmqBusEvent) {
      const { kind } = event;
      if (kind === "refused") onRefused(event.reason, event.detail);
      else if (kind === "relayed") return;
      else if ("app" in event) {
        // A line for each app, but not one for each time that somebody subscribes in a loop.
        const level = kind === "app-expired" ? "warn" : "info";
        say(level, `${kind} ${event.app % distinctApps}`, event.detail);
      } else say(kind === "rejoined" ? "info" : "warn", kind, event.detail);
    },
  };
}

/** Whether a bus could not be opened since something else has its address: starting again may help. */
export function isAddressTaken(error: unknown): boolean {
  return error instanceof Error && error.name === "ZmqBusError" && "code" in error && error.code === "address_in_use";
}
