import { connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { freePort } from "../../../tools/free-port.ts";
import { message, openPublisher, openSource, startPublisher, subscribed, until } from "./helpers.ts";
import { command, frame, greet, longFrame, openPeer, sendGreeting } from "./raw-peer.ts";

describe("a publisher", () => {
  it("that starts late is found, and nothing is said to be missing", async () => {
    const port = await freePort();
    const source = openSource({ port });
    await until(() => source.statuses.some(({ detail }) => detail.includes("not reachable; next try in ")));
    const publisher = await openPublisher({ port });
    await subscribed(publisher);
    await publisher.publish([message("1")]);
    await until(() => source.notifications.length > 0);
    expect(source.changes()).toEqual(["disconnected", "connected"]);
  });

  it("that rebinds is found again, and the gap is reported each time", async () => {
    const publisher = await openPublisher();
    const source = openSource({ port: publisher.port });
    await subscribed(publisher);
    for (const round of [1, 2]) {
      await publisher.publish([message("before")]);
      await until(() => source.notifications.length === 2 * round - 1);
      await publisher.rebind();
      await subscribed(publisher);
      await publisher.publish([message("after")]);
      await until(() => source.notifications.length === 2 * round);
      await until(() => source.states().filter((state) => state === "gap").length === round);
    }
    const round = ["disconnected", "connected", "gap"];
    // Whoever is let in while the old socket still closes is thrown out again.
    expect(source.changes("handshake-failed")).toEqual(["disconnected", "connected", ...round, ...round]);
    expect(source.statuses.at(-1)).toMatchObject({ cause: "reconnect" });
  });

  it("that is killed and started again is found again", async () => {
    const port = await freePort();
    const first = await startPublisher({ port });
    const source = openSource({ port });
    await source.reaches("connected");
    await first.kill();
    await until(() => source.changes().at(-1) === "disconnected");
    const second = await startPublisher({ port });
    await source.reaches("gap");
    await until(() => {
      second.send({ count: 1, rate: 1000 });
      return source.notifications.length > 0;
    });
  });

  it("that is frozen is reported within 5 s, and found again when it goes on", async () => {
    const port = await freePort();
    const publisher = await startPublisher({ port });
    const source = openSource({ port });
    await source.reaches("connected");
    publisher.freeze();
    const since = performance.now();
    await until(() => source.states().at(-1) === "disconnected");
    expect(performance.now() - since).toBeLessThan(5_000);
    expect(source.statuses.at(-1)?.detail).toContain("does not answer");
    publisher.thaw();
    await source.reaches("gap");
    await until(() => {
      publisher.send({ count: 1, rate: 1000 });
      return source.notifications.length > 0;
    });
    // It stays: longer than it takes to notice that libzmq has given up.
    await publisher.publish(150, 100);
    expect(source.changes("handshake-failed")).toEqual([
      "disconnected",
      "connected",
      "disconnected",
      "connected",
      "gap",
    ]);
  });

  it("that is busy is not taken for a frozen one, nor is our own blocked loop", async () => {
    // Both ends live in this process, so both are blocked: for longer than the heartbeats allow.
    const publisher = await openPublisher();
    const source = openSource({ port: publisher.port });
    await subscribed(publisher);
    await source.reaches("connected");
    const end = performance.now() + 5_000;
    while (performance.now() < end);
    await publisher.publish([message("1")]);
    await until(() => source.notifications.length > 0);
    expect(source.changes()).toEqual(["disconnected", "connected"]);
  });
});

describe("a peer that is no publisher", () => {
  it("and never says anything is reported, and found once it speaks", async () => {
    const peer = await openPeer((socket, index) => {
      if (index > 0) greet(socket, () => socket.write(frame("misp_json_attribute 1")));
    });
    const source = openSource({ port: peer.port });
    await until(() => source.statuses.some(({ detail }) => detail.includes("says nothing")));
    expect(source.changes()).toEqual(["disconnected"]);
    await until(() => source.bodies()[0] === "1");
    // It was never connected, so nothing is missing.
    expect(source.changes()).toEqual(["disconnected", "connected"]);
  });

  it("and closes each connection is reported, and asked ever more rarely", async () => {
    const times: number[] = [];
    const peer = await openPeer((socket) => {
      times.push(performance.now());
      socket.destroy();
    });
    const source = openSource({ port: peer.port });
    await until(() => times.length >= 5);
    expect(source.changes()).toEqual(["disconnected", "handshake-failed"]);
    expect(source.statuses.at(-1)?.detail).toContain("ends the connection before the handshake");
    // libzmq alone tries every 100 ms, for ever.
    const [, , third = 0, fourth = 0, fifth = 0] = times;
    expect(fourth - third).toBeGreaterThan(900);
    expect(fifth - fourth).toBeGreaterThan(1.8 * (fourth - third));
  });

  it("and speaks another protocol is reported", async () => {
    const peer = await openPeer((socket) => {
      sendGreeting(socket);
      socket.write(command("HELLO", "there"));
    });
    const source = openSource({ port: peer.port });
    await source.reaches("handshake-failed");
    expect(source.statuses.at(-1)?.detail).toMatch(/does not speak ZeroMQ as expected \(ERR_ZMTP_/);
  });
});

describe("a message above the size limit", () => {
  it("costs the connection, not the source: libzmq never connects that socket again", async () => {
    const peer = await openPeer((socket, index) =>
      greet(socket, () => {
        socket.write(frame(`misp_json_attribute ${index}`));
        if (index === 0) socket.write(longFrame(256 * 1024 * 1024 + 1, "misp_json_attribute x"));
      }),
    );
    const source = openSource({ port: peer.port });
    await source.reaches("connected");
    const since = performance.now();
    await until(() => source.states().at(-1) === "disconnected");
    // By its first bytes, and not by the heartbeat because it takes so long.
    expect(performance.now() - since).toBeLessThan(2_000);
    await until(() => source.notifications.length >= 2);
    expect(source.bodies()).toEqual(["0", "1"]);
    await source.reaches("gap");
    expect(source.changes()).toEqual(["disconnected", "connected", "disconnected", "connected", "gap"]);
  });

  it("is not met by one of that size", async () => {
    const peer = await openPeer((socket) =>
      greet(socket, () => {
        socket.write(longFrame(256 * 1024 * 1024, "misp_json_attribute x"));
      }),
    );
    const source = openSource({ port: peer.port });
    await source.reaches("connected");
    const since = performance.now();
    await until(() => source.states().at(-1) === "disconnected");
    // The rest never came, so the heartbeat has ended it.
    expect(performance.now() - since).toBeGreaterThan(2_000);
  });
});

describe("what cannot be reached", () => {
  it("is told from a name that is not known", async () => {
    const source = openSource({ host: "does-not-exist.invalid", port: 50_000 });
    await until(() => source.statuses.some(({ detail }) => detail.includes("the name is not known; next try in ")));
  });

  it("is reported although it does not even refuse", async () => {
    const port = await freePort();
    const publisher = await startPublisher({ port });
    publisher.freeze();
    // A frozen process accepts nothing: once its backlog is full, the system drops what comes, as a firewall does.
    const sockets = Array.from({ length: 300 }, () => connect(port, "127.0.0.1").on("error", () => undefined));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    const connected = () => sockets.filter((socket) => !socket.connecting).length;
    await until(() => connected() > 50);
    const source = openSource({ port });
    await until(() => source.statuses.some(({ detail }) => detail.includes("not reachable")));
    expect(connected()).toBeLessThan(sockets.length);
    for (const socket of sockets) socket.destroy();
    publisher.thaw();
    await source.reaches("connected");
  });
});
