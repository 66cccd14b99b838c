import { expect, it } from "vitest";
import { coverage } from "./coverage.ts";

const topic = (name: string, partitions: number) => ({
  name,
  partitions: Array.from({ length: partitions }, (_, id) => ({ id })),
});
const settings = (...topics: string[]) => ({ topics, group: "g" });

it("is complete when every partition of every topic is ours", () => {
  const assigned = [
    { topic: "a", partition: 0 },
    { topic: "a", partition: 1 },
    { topic: "misp_b", partition: 0 },
  ];
  expect(
    coverage(settings("a", "^misp_"), [topic("a", 2), topic("misp_b", 1), topic("c", 9)], assigned),
  ).toBeUndefined();
});

it("names topics that do not exist", () => {
  expect(coverage(settings("a"), [], [])).toMatch(/^topic a does not exist on the broker/);
  expect(coverage(settings("a", "^b"), [topic("c", 1), topic("a", 0)], [])).toMatch(/^topics a, \^b do not exist/);
});

it("counts the partitions that another consumer has, and says what to do", () => {
  const text = coverage(settings("a", "b"), [topic("a", 2), topic("b", 1)], [{ topic: "a", partition: 1 }]);
  expect(text).toMatch(
    /^2 of 3 partitions go to another consumer of the group g.*stop the other one, or give this one a group.id/,
  );
});
