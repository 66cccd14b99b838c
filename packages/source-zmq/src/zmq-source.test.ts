import { expect, it, vi } from "vitest";
import { createZmqSource } from "./index.ts";

const failures = vi.hoisted(() => ({ left: 2 }));

vi.mock("zeromq", async (original) => {
  const { Subscriber } = await original<typeof import("zeromq")>();
  return {
    Subscriber: function makeSubscriber(options: object) {
      if (failures.left-- > 0) throw new Error("Too many open files");
      return new Subscriber(options);
    },
  };
});

it("goes on trying when no socket can be made", async () => {
  const source = createZmqSource({ host: "127.0.0.1", port: 1 });
  const details: string[] = [];
  for await (const { detail } of source.status()) {
    details.push(detail);
    if (detail.includes("not reachable")) break;
  }
  await source[Symbol.asyncDispose]();
  expect(details.filter((detail) => detail.includes("Too many open files"))).toHaveLength(2);
});
