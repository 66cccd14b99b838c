import type { StixObject } from "@tb/misp-core";
import { describeBus } from "@tb/misp-core/testing";
import { createZmqJoinBus } from "../src/index.ts";
import { startFakeHost } from "./fake-host.ts";

describeBus("a joined Threat Bus", async () => {
  const host = await startFakeHost();
  const bus = createZmqJoinBus({ host: "127.0.0.1", port: host.ports.manage });
  const reaches = async (wanted: string) => {
    for await (const { state } of bus.status()) if (state === wanted) break;
  };
  await reaches("up");
  await host.until(() => host.subscriptions.size > 0);
  /** What was on its way when the host was lost comes twice: each object counts where it came first. */
  const distinct = (topic?: string): StixObject[] => {
    const byId = new Map<string, StixObject>();
    for (const object of host.objects(topic)) if (!byId.has(object.id)) byId.set(object.id, object);
    return [...byId.values()];
  };
  return {
    bus,
    async received(count) {
      await host.until(() => host.frames.length >= count && distinct().length >= count);
      return distinct();
    },
    sight: async (sighting) => void (await host.send(`${"a".repeat(32)}sighting ${JSON.stringify(sighting)}`)),
    outage: {
      async begin() {
        await host.stop();
        await reaches("down");
      },
      end: host.start,
    },
    async requestSnapshot(sinceMs) {
      const request = { type: "snapshotrequest", snapshot_type: 1, snapshot_id: "some-id", snapshot: sinceMs / 1_000 };
      await host.send(`${"a".repeat(32)}snapshotrequest ${JSON.stringify(request)}`);
      await host.until(() => host.objects("threatbus/snapshotenvelope").length >= 3);
      return host.objects("threatbus/snapshotenvelope").map(({ body }) => body as StixObject);
    },
    async [Symbol.asyncDispose]() {
      await bus[Symbol.asyncDispose]();
      await host.stop();
    },
  };
}, ["outage", "snapshots"]);
