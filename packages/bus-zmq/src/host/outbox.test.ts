import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createNarrowPipe } from "../../test/narrow-pipe.ts";
import { indicator, removal } from "../../test/objects.ts";
import { type OutgoingMessage, toMessage } from "../outgoing-message.ts";
import { createOutbox, type OutboxOptions } from "./outbox.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const messages = (objects: readonly ReturnType<typeof indicator>[], canRender = false): OutgoingMessage[] =>
  objects.flatMap((object) => toMessage(object, canRender) ?? []);

/** An outbox whose pipe has room for so many messages. */
function open(options: Partial<OutboxOptions> = {}, room = Number.POSITIVE_INFINITY) {
  const { pipe, send, ids } = createNarrowPipe(room);
  const state = Object.assign(pipe, { behind: [] as string[], givenUp: [] as string[] });
  const outbox = createOutbox({
    topic: "abc",
    send,
    renderAgain: undefined,
    stallTimeoutMs: 30_000,
    snapshotStallTimeoutMs: 600_000,
    pipeLength: 3,
    maxWaiting: 100,
    maxWaitingCharacters: 100_000,
    onBehind: (detail) => state.behind.push(detail),
    onGivenUp(detail) {
      state.givenUp.push(detail);
      outbox.close();
    },
    ...options,
  });
  return { outbox, state, ids };
}

describe("an outbox", () => {
  it("hands nothing over before the app listens, and then everything in order, with topic and kind", async () => {
    const { outbox, state, ids } = open();
    outbox.offer(messages([indicator(1), indicator(2)]));
    await outbox.flush();
    expect(state.sent).toEqual([]);
    outbox.open();
    await outbox.flush();
    expect(ids()).toEqual([1, 2]);
    expect(state.sent[0]).toBe(`abcindicator ${JSON.stringify(indicator(1))}`);
  });

  it("gives up an app that never listens", async () => {
    const { state } = open();
    await vi.advanceTimersByTimeAsync(29_999);
    expect(state.givenUp).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(state.givenUp).toEqual([expect.stringContaining("never subscribed")]);
  });

  it("does not wait for room, tries again rarer and rarer, and goes on with the latest states", async () => {
    const { outbox, state, ids } = open({}, 1);
    outbox.open();
    outbox.offer(messages([indicator(1), indicator(2), indicator(3)]));
    await outbox.flush();
    expect(ids()).toEqual([1]);
    outbox.offer(messages([indicator(2), removal(3)]));
    const before = state.tries;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(state.tries - before).toBeGreaterThan(40);
    expect(state.tries - before).toBeLessThan(60);
    state.room = Number.POSITIVE_INFINITY;
    await vi.advanceTimersByTimeAsync(250);
    expect(state.sent.slice(1)).toEqual([
      `abcindicator ${JSON.stringify(indicator(2))}`,
      `abcindicator ${JSON.stringify(removal(3))}`,
    ]);
    expect(state.givenUp).toEqual([]);
  });

  it("tells of an app that takes nothing for half of its time, once, and gives it up after all of it", async () => {
    const { outbox, state } = open({}, 0);
    outbox.open();
    outbox.offer(messages([indicator(1)]));
    await outbox.flush();
    await vi.advanceTimersByTimeAsync(14_700);
    expect(state.behind).toEqual([]);
    await vi.advanceTimersByTimeAsync(600);
    expect(state.behind).toEqual([expect.stringMatching(/^nothing taken for 15(\.\d)? s, 1 changes wait$/)]);
    await vi.advanceTimersByTimeAsync(14_400);
    expect(state.givenUp).toEqual([]);
    await vi.advanceTimersByTimeAsync(600);
    expect(state.givenUp).toEqual([expect.stringContaining("nothing taken for 30")]);
    expect(state.behind).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("lets an app be as slow as it likes while it takes something", async () => {
    const { outbox, state } = open({}, 0);
    outbox.open();
    outbox.offer(messages(Array.from({ length: 20 }, (_, n) => indicator(n + 1))));
    await outbox.flush();
    for (let n = 0; n < 19; n += 1) {
      await vi.advanceTimersByTimeAsync(28_000);
      state.room += 1;
    }
    expect(state.givenUp).toEqual([]);
    expect(state.sent.length).toBeGreaterThan(15);
  });

  it("tries again soon after it took something", async () => {
    const { outbox, state } = open({}, 0);
    outbox.open();
    outbox.offer(messages([indicator(1), indicator(2), indicator(3)]));
    await outbox.flush();
    await vi.advanceTimersByTimeAsync(10_000);
    state.room = 1;
    while (state.sent.length === 0) await vi.advanceTimersByTimeAsync(1);
    const before = state.tries;
    await vi.advanceTimersByTimeAsync(20);
    expect(state.tries - before).toBeGreaterThanOrEqual(3);
  });

  it("does not give up an app whose pipe is full of the snapshot that it asked for, until much later", async () => {
    const { outbox, state } = open({ pipeLength: 2 }, 2);
    outbox.open();
    outbox.offerSnapshot(messages([indicator(1), indicator(2)]));
    await outbox.flush();
    await outbox.snapshotFlushed();
    outbox.offer(messages([indicator(3)]));
    await outbox.flush();
    await vi.advanceTimersByTimeAsync(590_000);
    expect(state.givenUp).toEqual([]);
    await vi.advanceTimersByTimeAsync(11_000);
    expect(state.givenUp).toHaveLength(1);
  });

  it("gives it up in the usual time once the pipe can hold nothing of the snapshot any more", async () => {
    const { outbox, state } = open({ pipeLength: 2 }, 3);
    outbox.open();
    outbox.offerSnapshot(messages([indicator(1)]));
    await outbox.flush();
    outbox.offer(messages([indicator(2), indicator(3), indicator(4)]));
    await outbox.flush();
    await vi.advanceTimersByTimeAsync(31_000);
    expect(state.givenUp).toHaveLength(1);
  });

  it("sends live messages before what is left of a snapshot, and of that nothing that they made pointless", async () => {
    const { outbox, state } = open({}, 1);
    outbox.open();
    outbox.offerSnapshot(messages([indicator(1), indicator(2), indicator(3), removal(4), indicator(5)]));
    await outbox.flush();
    const flushed = vi.fn();
    void outbox.snapshotFlushed().then(flushed);
    outbox.offer(messages([removal(2), indicator(3, { name: "new" }), indicator(4)]));
    expect(outbox.snapshotFull).toBe(false);
    state.room = Number.POSITIVE_INFINITY;
    await vi.advanceTimersByTimeAsync(10);
    expect(state.sent.slice(1).map((text) => JSON.parse(text.slice("abcindicator ".length)))).toEqual([
      removal(2),
      indicator(3, { name: "new" }),
      indicator(4),
      indicator(5),
    ]);
    expect(flushed).toHaveBeenCalled();
  });

  it("ends the wait for a snapshot when live messages made all that was left of it pointless, and when it is closed", async () => {
    const { outbox } = open({}, 0);
    outbox.open();
    outbox.offerSnapshot(messages([indicator(1)]));
    await outbox.flush();
    const first = outbox.snapshotFlushed();
    outbox.offer(messages([removal(1)]));
    await first;
    outbox.offerSnapshot(messages([indicator(2)]));
    const second = outbox.snapshotFlushed();
    outbox.close();
    await second;
    await outbox.snapshotFlushed();
  });

  it("keeps announcements as ids where they can be rendered again, and sends them as they are then", async () => {
    const current = new Map([[indicator(2).id, indicator(2, { name: "newer" })]]);
    const { outbox, state } = open({ renderAgain: (id) => current.get(id), maxWaitingCharacters: 1_000 }, 0);
    outbox.open();
    outbox.offer(messages([indicator(1)], true));
    await outbox.flush();
    const many = Array.from({ length: 50 }, (_, n) => indicator(n + 2));
    outbox.offer(messages(many, true));
    outbox.offer(messages([removal(1)], true));
    expect(state.givenUp).toEqual([]);
    state.room = Number.POSITIVE_INFINITY;
    await vi.advanceTimersByTimeAsync(10);
    // Of the others the index knows nothing any more: their removals come or have come.
    expect(state.sent.map((text) => JSON.parse(text.slice("abcindicator ".length)))).toEqual([
      indicator(2, { name: "newer" }),
      removal(1),
    ]);
  });

  it("gives an app up when something for it cannot be rendered, since it would miss that for good", async () => {
    const { outbox, state } = open(
      {
        renderAgain() {
          throw new Error("the index is closed");
        },
      },
      0,
    );
    outbox.open();
    outbox.offer(messages([indicator(1)], true));
    await outbox.flush();
    outbox.offer(messages([indicator(2)], true));
    state.room = Number.POSITIVE_INFINITY;
    await vi.advanceTimersByTimeAsync(10);
    await outbox.flush();
    expect(state.givenUp).toEqual([`${indicator(2).id} cannot be rendered (the index is closed)`]);
    expect(state.sent).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([{ maxWaiting: 2 }, { maxWaitingCharacters: 600 }])(
    "is full of a snapshot that others answer at the same limit as of what is live: %j",
    async (limit) => {
      const { outbox, state } = open(limit, 0);
      outbox.open();
      outbox.offerSnapshot(messages([indicator(1)]));
      await outbox.flush();
      expect(outbox.snapshotFull).toBe(false);
      outbox.offerSnapshot(messages([indicator(2)]));
      expect(outbox.snapshotFull).toBe(true);
      state.room = Number.POSITIVE_INFINITY;
      await vi.advanceTimersByTimeAsync(10);
      expect(outbox.snapshotFull).toBe(false);
    },
  );

  it("leaves nothing behind when it is closed while something is on its way", async () => {
    let finish = (_: boolean) => {};
    const { outbox } = open({ send: () => new Promise((resolve) => (finish = resolve)) });
    outbox.open();
    outbox.offer(messages([indicator(1)]));
    const flushed = outbox.flush();
    outbox.close();
    finish(false);
    await flushed;
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([{ maxWaiting: 2 }, { maxWaitingCharacters: 600 }])(
    "gives up an app for which too much waits: %j",
    async (limit) => {
      const { outbox, state } = open(limit, 0);
      outbox.open();
      outbox.offer(messages([indicator(1), indicator(2)].slice(0, limit.maxWaiting ?? 1)));
      await outbox.flush();
      expect(state.givenUp).toEqual([]);
      outbox.offer(messages([indicator(3)]));
      expect(state.givenUp).toEqual([expect.stringContaining("more than there is room for")]);
      expect(vi.getTimerCount()).toBe(0);
    },
  );
});
