import { describe, expect, it } from "vitest";
import { freePort } from "../../../tools/free-port.ts";
import { block, message, openPublisher, openSource, startPublisher, subscribed, until } from "./helpers.ts";

const credentials = (password: string) => ({ username: "misp", password });

describe("authentication", () => {
  it("lets in who has the password", async () => {
    const publisher = await openPublisher({ credentials: credentials("right") });
    const source = openSource({ port: publisher.port, ...credentials("right") });
    await subscribed(publisher);
    await publisher.publish([message("1")]);
    await until(() => source.notifications.length > 0);
    expect(source.changes()).toEqual(["disconnected", "connected"]);
  });

  it.each([
    ["a wrong password", /refuses/, credentials("right"), credentials("wrong"), credentials("wrong")],
    [
      "a publisher without, a subscriber with",
      "does not want",
      undefined,
      credentials("secret"),
      credentials("secret"),
    ],
    ["a publisher with, a subscriber without", /wants/, credentials("secret"), undefined, undefined],
  ])(
    "%s is reported; once the publisher is corrected, messages flow within 35 s",
    async (_, why, theirs, ours, corrected) => {
      const publisher = await openPublisher(theirs === undefined ? {} : { credentials: theirs });
      const source = openSource({ port: publisher.port, ...(ours ?? {}) });
      await source.reaches("handshake-failed");
      const refusals = () => source.statuses.filter(({ state }) => state === "handshake-failed");
      // It goes on trying, and nothing else is said about the connection meanwhile.
      await until(() => refusals().length >= 3);
      expect(source.changes()).toEqual(["disconnected", "handshake-failed"]);
      for (const { detail } of refusals()) {
        expect(detail).toMatch(why);
        expect(detail).not.toContain(ours?.password ?? "secret");
      }
      await publisher.rebind({ credentials: corrected });
      const since = performance.now();
      await until(() => source.states().at(-1) === "connected");
      await subscribed(publisher);
      await publisher.publish([message("1")]);
      await until(() => source.notifications.length > 0);
      expect(performance.now() - since).toBeLessThan(35_000);
    },
    60_000,
  );

  it("that is switched on while our loop is blocked costs nothing of what came before", async () => {
    const port = await freePort();
    const publisher = await startPublisher({ port });
    const source = openSource({ port });
    await source.reaches("connected");
    await until(() => {
      publisher.send({ count: 1, rate: 1000 });
      return source.notifications.length > 0;
    });
    publisher.send({ count: 5_000, rate: 20_000 });
    publisher.send({ rebindAfterMs: 500, password: "new" });
    await until(() => source.notifications.length > 100);
    block(1_500);
    await source.reaches("handshake-failed");
    await until(() => source.notifications.length >= 5_001);
    expect(source.changes().slice(-2)).toEqual(["disconnected", "handshake-failed"]);
  }, 60_000);
});
