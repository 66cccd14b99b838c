import { describe, expect, it } from "vitest";
import { createMailbox } from "./mailbox.ts";

const read = <T extends object>(mailbox: ReturnType<typeof createMailbox<T>>, signal = new AbortController().signal) =>
  mailbox.read(signal)[Symbol.asyncIterator]();

describe("a mailbox", () => {
  it("keeps what nobody takes, in order, up to its limit", async () => {
    const mailbox = createMailbox<{ n: number }>(2);
    expect([1, 2, 3].map((n) => mailbox.put({ n }))).toEqual([true, true, false]);
    const reader = read(mailbox);
    expect([(await reader.next()).value, (await reader.next()).value]).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it("hands nothing out while its gate is shut, and says what was taken in the same turn", async () => {
    let open = false;
    const taken: object[] = [];
    const mailbox = createMailbox<{ n: number }>(
      9,
      () => open,
      (value) => taken.push(value),
    );
    mailbox.put({ n: 1 });
    const next = read(mailbox).next();
    await Promise.resolve();
    expect(taken).toEqual([]);
    open = true;
    mailbox.wake();
    expect((await next).value).toEqual({ n: 1 });
    expect(taken).toEqual([{ n: 1 }]);
  });

  it("takes back what nobody has taken yet", async () => {
    const mailbox = createMailbox<{ n: number }>(9);
    const [first, second] = [{ n: 1 }, { n: 2 }];
    mailbox.put(first);
    mailbox.put(second);
    mailbox.remove(first);
    expect((await read(mailbox).next()).value).toBe(second);
  });

  it("ends its readers when it is closed, and takes nothing more", async () => {
    const mailbox = createMailbox<{ n: number }>(9);
    const next = read(mailbox).next();
    mailbox.close();
    expect((await next).done).toBe(true);
    expect(mailbox.put({ n: 1 })).toBe(false);
    expect((await read(mailbox).next()).done).toBe(true);
  });

  it("lets a reader that is woken together with others find nothing and wait on", async () => {
    const mailbox = createMailbox<{ n: number }>(9);
    const pending = [read(mailbox).next(), read(mailbox).next()];
    mailbox.put({ n: 1 });
    expect((await Promise.race(pending)).value).toEqual({ n: 1 });
    mailbox.put({ n: 2 });
    expect((await Promise.all(pending)).map(({ value }) => value?.n)).toEqual([1, 2]);
  });
});
