import { describe, expect, it } from "vitest";
import { openHost } from "./host.ts";
import { indicator, removal, sighting } from "./objects.ts";

describe("what an app publishes", () => {
  it("goes to all apps that want it, its own publisher among them, and sightings to the program too", async () => {
    const host = openHost();
    const publisher = await host.app({ topic: "stix2" });
    const other = await host.app({ topic: "stix2/indicator" });
    // Both listen: for who does not yet, a removal ends the announcement that waits.
    for (let n = 0; n < 2; n += 1) await (await host.nextRequest()).end();
    const sightings = host.bus.sightings({ signal: new AbortController().signal })[Symbol.asyncIterator]();
    await publisher.publish(indicator(1));
    await publisher.publish(removal(1));
    await publisher.publish(sighting(2), "stix2/sighting");
    expect((await sightings.next()).value?.sighting).toEqual(sighting(2));
    await publisher.until(() => publisher.received.length >= 3);
    expect(publisher.received).toEqual([
      { kind: "indicator", object: indicator(1) },
      { kind: "indicator", object: removal(1) },
      { kind: "sighting", object: sighting(2) },
    ]);
    await publisher.publish(indicator(3));
    await other.until(() => other.received.length >= 3);
    expect(other.received.map(({ object }) => object)).toEqual([indicator(1), removal(1), indicator(3)]);
    expect(host.kinds().filter((kind) => kind === "relayed")).toHaveLength(4);
  });

  it("goes by its type, whatever its topic says after stix2/", async () => {
    const host = openHost();
    const app = await host.app({ topic: "stix2" });
    await app.publish(sighting(1), "stix2/indicator");
    await app.publish(indicator(1), "stix2/foo");
    await app.until(() => app.received.length >= 2);
    expect(app.received.map(({ kind }) => kind)).toEqual(["sighting", "indicator"]);
  });

  it("never is an indicator of ours", async () => {
    const host = openHost({ isOurs: ({ id }) => id === indicator(1).id });
    const app = await host.app();
    await app.publish(removal(1));
    await app.publish(indicator(2));
    await app.until(() => app.received.length >= 1);
    expect(app.objects()).toEqual([indicator(2)]);
    expect(host.refusals()).toEqual(["ours"]);
  });

  it("goes no further when it cannot be told whether it is ours, and what comes after it does", async () => {
    const host = openHost({
      isOurs({ id }) {
        if (id === indicator(1).id) throw new Error("the index is closed");
        return false;
      },
    });
    const app = await host.app();
    await app.publish(indicator(1));
    await app.publish(indicator(2));
    await app.until(() => app.received.length >= 1);
    expect(app.objects()).toEqual([indicator(2)]);
    expect(host.events.find(({ kind }) => kind === "refused")).toMatchObject({
      reason: "unchecked",
      detail: `${indicator(1).id} of another app is not passed on: the index is closed`,
    });
  });

  it("is counted and goes no further when it is malformed", async () => {
    const host = openHost();
    const app = await host.app({ topic: "stix2" });
    await app.send("stix2/indicator");
    await app.send("stix2/indicator {");
    await app.send(["stix2/indicator {}", "second frame"]);
    await app.send(Buffer.from([...Buffer.from("stix2/indicator "), 0xff]));
    await app.publish({ type: "malware" });
    await app.publish(indicator(1, { spec_version: "2.0" }));
    await app.send(`stix2/indicator ${"[".repeat(200_000)}${"]".repeat(200_000)}`);
    await app.send("threatbus/snapshotenvelope {}");
    await app.publish(
      { type: "snapshotenvelope", snapshot_type: 1, snapshot_id: "x", body: indicator(1) },
      "threatbus/snapshotenvelope",
    );
    await app.send("threatbus/snapshotenvelopes {}");
    await app.publish(indicator(2));
    await app.until(() => app.received.length >= 1);
    expect(app.objects()).toEqual([indicator(2)]);
    expect(host.refusals()).toEqual([
      ...Array(4).fill("bad-frame"),
      ...Array(2).fill("bad-object"),
      "bad-frame",
      ...Array(1).fill("bad-object"),
      "unknown-snapshot",
      "unknown-topic",
    ]);
  });

  it("costs its sender the connection when it is too large, and the others nothing", async () => {
    const host = openHost({ maxMessageBytes: 10_000 });
    const [app, huge] = [await host.app(), await host.app({ topic: "stix2/sighting" })];
    await huge.publish(indicator(1, { name: "x".repeat(20_000) }));
    await huge.dropped;
    await app.publish(indicator(2));
    await app.until(() => app.received.length >= 1);
    expect(app.objects()).toEqual([indicator(2)]);
  });

  it("waits for whoever reads sightings, up to a limit, and is counted beyond", async () => {
    const host = openHost({ maxSightings: 2 });
    const app = await host.app({ topic: "stix2/indicator" });
    for (const n of [1, 2, 3]) await app.publish(sighting(n), "stix2/sighting");
    await host.until(() => host.refusals().length > 0);
    expect(host.refusals()).toEqual(["sighting-overflow"]);
    const sightings = host.bus.sightings({ signal: new AbortController().signal })[Symbol.asyncIterator]();
    for (const n of [1, 2]) expect((await sightings.next()).value?.sighting).toEqual(sighting(n));
  });
});
