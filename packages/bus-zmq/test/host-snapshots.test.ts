import { describe, expect, it } from "vitest";
import { openHost } from "./host.ts";
import { indicator, removal, sighting } from "./objects.ts";

const dayMs = 86_400_000;

describe("a snapshot of the program", () => {
  it("is asked for by each app that wants indicators, also with 0 days, and by no other", async () => {
    const host = openHost();
    await host.app({ topic: "stix2/sighting", snapshot: 5 });
    await host.app({ snapshot: 30 });
    expect((await host.nextRequest()).sinceMs).toBe(30 * dayMs);
    await host.app();
    expect((await host.nextRequest()).sinceMs).toBe(0);
  });

  it("goes to the app that asked alone", async () => {
    const host = openHost();
    const other = await host.app();
    await (await host.nextRequest()).end();
    const asking = await host.app({ snapshot: 1 });
    const request = await host.nextRequest();
    await request.send([removal(1), indicator(2)]);
    await request.end();
    await host.bus.publish([indicator(3)]);
    await asking.until(() => asking.objects().length >= 3);
    expect(asking.objects()).toEqual([removal(1), indicator(2), indicator(3)]);
    await other.until(() => other.objects().length >= 1);
    expect(other.objects()).toEqual([indicator(3)]);
  });

  it("is sent to four apps at a time; the others wait their turn, and one that has gone waits no more", async () => {
    const host = openHost();
    const apps = [];
    for (let n = 1; n <= 7; n += 1) apps.push(await host.app({ snapshot: n }));
    const begun = [];
    for (let n = 0; n < 4; n += 1) begun.push(await host.nextRequest());
    let fifth: Awaited<ReturnType<typeof host.nextRequest>> | undefined;
    const waiting = host.nextRequest().then((request) => {
      fifth = request;
    });
    // Everything that is ready has run once an app has got its answer.
    await apps[0]?.heartbeat();
    expect(fifth).toBeUndefined();
    const served = new Set(begun.map(({ sinceMs }) => sinceMs / dayMs));
    const next = [1, 2, 3, 4, 5, 6, 7].find((days) => !served.has(days)) ?? 0;
    await apps[next - 1]?.unsubscribe();
    await begun[0]?.end();
    await waiting;
    expect(served.has((fifth?.sinceMs ?? 0) / dayMs)).toBe(false);
    expect((fifth?.sinceMs ?? 0) / dayMs).not.toBe(next);
  });

  it("is over for the program when the app has gone, and its place is free", async () => {
    const host = openHost({ maxSnapshots: 1 });
    const app = await host.app({ snapshot: 1 });
    const request = await host.nextRequest();
    expect(request.signal.aborted).toBe(false);
    await app.unsubscribe();
    expect(request.signal.aborted).toBe(true);
    await request.send([indicator(1)]);
    await request.end();
    await request.end();
    await host.app({ snapshot: 2 });
    expect((await host.nextRequest()).sinceMs).toBe(2 * dayMs);
  });
});

describe("a snapshot of the other apps", () => {
  it("is asked of all but the one that wants it, and their answers go to that one", async () => {
    const host = openHost({ isOurs: ({ id }) => id === indicator(9).id });
    const first = await host.app({ topic: "stix2/indicator" });
    const second = await host.app({ topic: "stix2/sighting" });
    const asking = await host.app({ topic: ["stix2"], snapshot: 30 });
    for (const app of [first, second]) {
      await app.until(() => app.objects("snapshotrequest").length >= 2);
      const [id] = app.objects("snapshotrequest").map((request) => request["snapshot_id"]);
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
      expect(app.objects("snapshotrequest")).toEqual(
        [1, 2].map((type) => ({ type: "snapshotrequest", snapshot_type: type, snapshot_id: id, snapshot: 2_592_000 })),
      );
    }
    const [request] = first.objects("snapshotrequest");
    const envelope = (type: number, body: object) => ({
      type: "snapshotenvelope",
      snapshot_type: type,
      snapshot_id: request?.["snapshot_id"],
      body,
    });
    const answer = (body: object, type = 1) => first.publish(envelope(type, body), "threatbus/snapshotenvelope");
    await answer(indicator(9));
    await answer(indicator(1));
    await answer(sighting(2), 2);
    await answer({ type: "indicator" });
    await asking.until(() => asking.received.length >= 2);
    expect(asking.received).toEqual([
      { kind: "indicator", object: indicator(1) },
      { kind: "sighting", object: sighting(2) },
    ]);
    expect([...first.objects(), ...second.objects("sighting")]).toEqual([]);
    expect(host.refusals()).toEqual(["ours", "bad-object"]);
    await asking.unsubscribe();
    await answer(indicator(4));
    await host.until(() => host.refusals().length >= 3);
    expect(host.refusals().at(-1)).toBe("unknown-snapshot");
  });

  it("is not asked for with 0 days", async () => {
    const host = openHost();
    const first = await host.app();
    await host.app({ snapshot: 0 });
    await host.bus.publish([indicator(1)]);
    await first.until(() => first.received.length >= 1);
    expect(first.received.map(({ kind }) => kind)).toEqual(["indicator"]);
  });
});
