import type { StixObject } from "@tb/misp-core";
import { describeBus } from "@tb/misp-core/testing";
import { createZmqHostBus } from "../src/index.ts";
import { startApp } from "./app.ts";

describeBus("the Threat Bus host", async () => {
  const bus = createZmqHostBus({ manage: 0, pub: 0, sub: 0 });
  const app = await startApp(bus.ports);
  // Each app asks when it listens, if only for the latest removals.
  for await (const request of bus.snapshotRequests({ signal: new AbortController().signal })) {
    await request.end();
    break;
  }
  return {
    bus,
    async received(count) {
      await app.until(() => app.objects().length >= count);
      return app.objects() as unknown as readonly StixObject[];
    },
    sight: (sighting) => app.publish(sighting, "stix2/sighting"),
    async requestSnapshot(sinceMs) {
      const asking = await startApp(bus.ports, { snapshot: sinceMs / 86_400_000 });
      await asking.until(() => asking.objects().length >= 3);
      await asking.close();
      return asking.objects() as unknown as readonly StixObject[];
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      await bus[Symbol.asyncDispose]();
    },
  };
}, ["snapshots"]);
