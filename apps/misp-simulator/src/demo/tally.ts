import { createValueConsumer, type ValueConsumer } from "./bus-object.ts";

/** What happened, for the summary. */
export interface Tally {
  /** An action was done, and MISP sent so many messages about it. */
  said(notifications: number): void;
  /** Counts what it takes. */
  readonly consumer: ValueConsumer;
  summary(): string[];
}

/** Nothing has happened. */
export function createTally(): Tally {
  const counts = { actions: 0, notifications: 0, announce: 0, edit: 0, remove: 0 };
  const { take, holds } = createValueConsumer();
  return {
    said(notifications) {
      counts.actions++;
      counts.notifications += notifications;
    },
    consumer: {
      take(object) {
        counts[object.update]++;
        take(object);
      },
      holds,
    },
    summary: () => [
      `${counts.actions} actions, ${counts.notifications} messages from MISP. ` +
        `On the bus: ${counts.announce} announced, ${counts.edit} edited, ${counts.remove} removed.`,
      `A consumer now holds: ${holds().join(", ") || "nothing"}.`,
    ],
  };
}
