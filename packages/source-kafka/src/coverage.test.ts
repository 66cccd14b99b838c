import { expect, it } from "vitest";
import { createCoverageCheck } from "./coverage.ts";

const topic = (name: string, partitions: number) => ({
  name,
  partitions: Array.from({ length: partitions }, (_, id) => ({ id })),
});
const checking = (...topics: string[]) => {
  const clock = { now: 0 };
  return { clock, ...createCoverageCheck({ topics, group: "g" }, 1_000, () => clock.now) };
};

it("is complete when every partition of every topic is ours", () => {
  const assigned = [
    { topic: "a", partition: 0 },
    { topic: "a", partition: 1 },
    { topic: "misp_b", partition: 0 },
  ];
  const existing = [topic("a", 2), topic("misp_b", 1), topic("c", 9)];
  expect(checking("a", "^misp_").check(existing, assigned)).toEqual({ missing: undefined, unsettled: false });
});

it("names topics that do not exist", () => {
  expect(checking("a").check([], []).missing).toMatch(/^topic a does not exist on the broker/);
  expect(checking("a", "^b").check([topic("c", 1), topic("a", 0)], []).missing).toMatch(/^topics a, \^b do not exist/);
});

it("counts the partitions that another consumer has, and says what to do", () => {
  const { missing } = checking("a", "b").check([topic("a", 2), topic("b", 1)], [{ topic: "a", partition: 1 }]);
  expect(missing).toMatch(
    /^2 of 3 partitions go to another consumer of the group g.*stop the other one, or give this one a group.id/,
  );
});

it("says of a group that has not answered yet only which topics do not exist", () => {
  const { check } = checking("a", "b");
  expect(check([topic("a", 1)], undefined)).toMatchObject({
    missing: expect.stringMatching(/^topic b does not exist.*there$/),
  });
  expect(check([topic("a", 1), topic("b", 1)], []).missing).toMatch(/^2 of 2/);
});

it("does not take partitions for another consumer's that the group cannot know yet", () => {
  const { check, clock } = checking("a");
  const assigned = [{ topic: "a", partition: 0 }];
  check([topic("a", 1)], assigned);
  clock.now = 5_000;
  expect(check([topic("a", 2)], assigned)).toEqual({ missing: undefined, unsettled: true });
  clock.now = 5_999;
  expect(check([topic("a", 2)], assigned)).toEqual({ missing: undefined, unsettled: true });
  clock.now = 6_000;
  expect(check([topic("a", 2)], assigned)).toMatchObject({
    missing: expect.stringContaining("1 of 2"),
    unsettled: false,
  });
});
