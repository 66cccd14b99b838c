import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createNarrowPipe } from "../../test/narrow-pipe.ts";
import { indicator, removal } from "../../test/objects.ts";
import { consume, createValueModel } from "../../test/value-model.ts";
import { toMessage } from "../outgoing-message.ts";
import { toJoinSettings, type ZmqJoinBusOptions } from "./join-options.ts";
import { createOutgoing } from "./outgoing.ts";
import type { Session } from "./session.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A session that has room for so many messages. */
function openSession(room = Number.POSITIVE_INFINITY) {
  const ended = new AbortController();
  const { pipe: state, send, ids } = createNarrowPipe(room);
  const session: { -readonly [K in keyof Session]: Session[K] } = {
    topic: "abc",
    signal: ended.signal,
    send,
    lose: (detail) => ended.abort(detail),
    close: async () => undefined,
  };
  return { session, state, ids };
}

function open(options: Partial<ZmqJoinBusOptions> = {}) {
  const behind: string[] = [];
  const outgoing = createOutgoing(toJoinSettings({ host: "localhost", ...options }), (detail) => behind.push(detail));
  const publish = (objects: readonly ReturnType<typeof indicator>[], signal?: AbortSignal) =>
    outgoing.hand({
      messages: objects.flatMap((object) => toMessage(object, options.renderAgain !== undefined) ?? []),
      wrap: (text, { kind }) => `stix2/${kind} ${text}`,
      remember: signal === undefined,
      ...(signal === undefined ? {} : { signal }),
    });
  const lose = ({ session }: ReturnType<typeof openSession>) => {
    outgoing.pause();
    session.lose("lost");
  };
  return { outgoing, publish, lose, behind };
}

const numbered = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => indicator(from + n));

describe("what goes out", () => {
  it("waits for a session, and for room in it", async () => {
    const { outgoing, publish } = open();
    const done = vi.fn();
    void publish(numbered(1, 3)).then(done);
    const { session, state, ids } = openSession(2);
    await vi.advanceTimersByTimeAsync(1_000);
    outgoing.begin(session);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(ids()).toEqual([1, 2]);
    expect(state.tries).toBeLessThan(60);
    expect(done).not.toHaveBeenCalled();
    state.room = 1;
    await vi.advanceTimersByTimeAsync(250);
    expect(ids()).toEqual([1, 2, 3]);
    expect(done).toHaveBeenCalled();
  });

  it("goes on in the next session where it stopped, after a repetition of what went before", async () => {
    const { outgoing, publish, lose } = open();
    const first = openSession(2);
    outgoing.begin(first.session);
    const done = publish(numbered(1, 4));
    await vi.advanceTimersByTimeAsync(10);
    lose(first);
    // Lost again in the middle of the repetition.
    const second = openSession(1);
    expect(outgoing.begin(second.session)).toBe(2);
    await vi.advanceTimersByTimeAsync(10);
    expect(second.ids()).toEqual([1]);
    lose(second);
    const third = openSession();
    expect(outgoing.begin(third.session)).toBe(2);
    await done;
    expect(third.ids()).toEqual([1, 2, 3, 4]);
  });

  it("is told of when it cannot be rendered once more, and everything else goes on", async () => {
    const told: unknown[] = [];
    const { outgoing, publish, lose } = open({
      onEvent: (event) => told.push(event),
      renderAgain(id) {
        if (id === indicator(2).id) throw new Error("broken");
        return indicator(Number(id.slice(-12)), { name: "newer" });
      },
    });
    const first = openSession();
    outgoing.begin(first.session);
    await publish(numbered(1, 3));
    lose(first);
    const second = openSession();
    outgoing.begin(second.session);
    await publish([indicator(4)]);
    expect(second.ids()).toEqual([1, 3, 4]);
    expect(told).toEqual([
      {
        kind: "not-repeated",
        id: indicator(2).id,
        detail: `${indicator(2).id} cannot be rendered, and does not go out once more (broken)`,
      },
    ]);
  });

  it("is not repeated once it has arrived", async () => {
    const { outgoing, publish, lose } = open();
    const first = openSession();
    outgoing.begin(first.session);
    await publish([indicator(1)]);
    await vi.advanceTimersByTimeAsync(100);
    outgoing.confirmBefore(performance.now() - 50);
    await publish([indicator(2), removal(3)]);
    outgoing.confirmBefore(performance.now() - 50);
    lose(first);
    const second = openSession();
    expect(outgoing.begin(second.session)).toBe(2);
    await vi.advanceTimersByTimeAsync(0);
    expect(second.ids()).toEqual([2, 3]);
  });

  it("counts for nothing when it went into a session that was over", async () => {
    const { outgoing, publish, lose } = open();
    const first = openSession();
    let finish = (_: boolean) => {};
    first.session.send = () => new Promise((resolve) => (finish = resolve));
    outgoing.begin(first.session);
    const done = publish([indicator(1)]);
    lose(first);
    const second = openSession();
    outgoing.begin(second.session);
    finish(true);
    await done;
    expect(second.ids()).toEqual([1]);
  });

  it("of a snapshot is dropped when nobody waits for it any more", async () => {
    const { outgoing, publish } = open();
    const asked = new AbortController();
    const { session, state, ids } = openSession(1);
    outgoing.begin(session);
    const snapshot = publish(numbered(1, 3), asked.signal);
    const live = publish([indicator(4)]);
    await vi.advanceTimersByTimeAsync(10);
    asked.abort();
    state.room = Number.POSITIVE_INFINITY;
    await vi.advanceTimersByTimeAsync(250);
    await Promise.all([snapshot, live]);
    // One of it was on its way.
    expect(ids()).toEqual([1, 2, 4]);
  });

  it("waits while as much is remembered as there is room for, until that has arrived or the session is over", async () => {
    const { outgoing, publish, lose } = open({ maxRemembered: 2 });
    const first = openSession();
    outgoing.begin(first.session);
    const done = vi.fn();
    void publish(numbered(1, 6)).then(done);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(first.ids()).toEqual([1, 2]);
    outgoing.confirmBefore(performance.now());
    await vi.advanceTimersByTimeAsync(0);
    expect(first.ids()).toEqual([1, 2, 3, 4]);
    lose(first);
    const second = openSession();
    outgoing.begin(second.session);
    await vi.advanceTimersByTimeAsync(0);
    expect(second.ids()).toEqual([3, 4]);
    outgoing.confirmBefore(performance.now() + 1);
    await vi.advanceTimersByTimeAsync(0);
    expect(second.ids()).toEqual([3, 4, 5, 6]);
    outgoing.confirmBefore(performance.now() + 1);
    await vi.advanceTimersByTimeAsync(0);
    expect(done).toHaveBeenCalled();
  });

  it("is told of when the host takes nothing for long, once", async () => {
    const { outgoing, publish, behind } = open();
    outgoing.begin(openSession(0).session);
    void publish([indicator(1)]).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(14_000);
    expect(behind).toEqual([]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(behind).toEqual(["the Threat Bus host takes nothing for 15 s"]);
    outgoing.close(new Error("closed"));
  });

  it("is refused when it is closed, also what waits", async () => {
    const { outgoing, publish } = open();
    const waiting = expect(publish([indicator(1)])).rejects.toThrow("closed");
    outgoing.close(new Error("closed"));
    await waiting;
    await expect(publish([indicator(1)])).rejects.toThrow("closed");
  });
});

it("property: consumers end with what is live, however often the host is lost with what it had not passed on yet", async () => {
  vi.useRealTimers();
  const step = fc.record({
    id: fc.integer({ min: 1, max: 4 }),
    value: fc.option(fc.constantFrom("a", "b", "c"), { nil: undefined }),
    /** How many more objects the host passes on afterwards. */
    passes: fc.integer({ min: 0, max: 3 }),
    lost: fc.boolean(),
    confirmed: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const { outgoing, publish, lose } = open();
      const model = createValueModel();
      const consumer = new Set<unknown>();
      let current = openSession();
      let passed = 0;
      const pass = (count: number) => {
        for (const text of current.state.sent.slice(passed, passed + count)) {
          consume(consumer, text.slice("stix2/indicator ".length));
          passed += 1;
        }
      };
      outgoing.begin(current.session);
      for (const { id, value, passes, lost, confirmed } of steps) {
        await publish(model.set(id, value));
        pass(passes);
        if (confirmed && passed === current.state.sent.length) outgoing.confirmBefore(performance.now() + 1);
        if (!lost) continue;
        lose(current);
        current = openSession();
        passed = 0;
        outgoing.begin(current.session);
      }
      await publish([]);
      pass(Number.POSITIVE_INFINITY);
      expect(consumer).toEqual(model.patterns());
    }),
    { numRuns: 500 },
  );
});
