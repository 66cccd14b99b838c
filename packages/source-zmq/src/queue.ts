import type { Notification } from "@tb/misp-core";

/** Messages that wait for the reader, in order, bounded by count and bytes. */
export interface NotificationQueue {
  readonly length: number;
  /** False: no room, it is lost and counted. */
  push(notification: Notification): boolean;
  /** At most so many, oldest first. */
  take(limit: number): Notification[];
  /** How many were lost since the last call. */
  takeLost(): number;
}

/**
 * When full the newest is dropped: what waits is in order and complete up to there, and the gap that follows is reported
 * once the reader has caught up.
 */
export function createNotificationQueue(bounds: {
  readonly maxMessages: number;
  readonly maxBytes: number;
}): NotificationQueue {
  let waiting: Notification[] = [];
  let first = 0;
  let bytes = 0;
  let lost = 0;
  return {
    get length() {
      return waiting.length - first;
    },
    push(notification) {
      if (waiting.length - first >= bounds.maxMessages || bytes + notification.body.length > bounds.maxBytes) {
        lost += 1;
        return false;
      }
      waiting.push(notification);
      bytes += notification.body.length;
      return true;
    },
    take(limit) {
      const taken = waiting.slice(first, first + limit);
      first += taken.length;
      for (const { body } of taken) bytes -= body.length;
      // Moving the rest down at each call would cost as much as the queue is long.
      if (first >= waiting.length || first > 10_000) {
        waiting = waiting.slice(first);
        first = 0;
      }
      return taken;
    },
    takeLost() {
      const count = lost;
      lost = 0;
      return count;
    },
  };
}
