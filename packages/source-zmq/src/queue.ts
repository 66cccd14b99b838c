import type { Notification } from "@tb/misp-core";

/** Messages that wait for the reader, in order, bounded by count and bytes. */
export interface NotificationQueue {
  /** False: no room, it is not taken. */
  push(notification: Notification): boolean;
  /** The oldest, at most `maxBatch` of them; none when none wait. */
  take(): readonly Notification[];
}

interface Chunk {
  readonly notifications: Notification[];
  bytes: number;
  next?: Chunk;
}

/**
 * Kept as a chain of batches: taking one costs the same however many wait, and what was taken is referenced no more (a message
 * can have megabytes).
 *
 * When full, the newest is refused: what waits is complete up to there and its work is not thrown away; what follows is
 * healed by asking MISP, which brings its latest state anyway.
 */
export function createNotificationQueue(bounds: {
  readonly maxMessages: number;
  readonly maxBytes: number;
  readonly maxBatch: number;
}): NotificationQueue {
  let first: Chunk = { notifications: [], bytes: 0 };
  let last = first;
  let count = 0;
  let bytes = 0;
  return {
    push(notification) {
      const size = notification.body.length;
      if (count >= bounds.maxMessages || bytes + size > bounds.maxBytes) return false;
      if (last.notifications.length >= bounds.maxBatch) {
        last.next = { notifications: [], bytes: 0 };
        last = last.next;
      }
      last.notifications.push(notification);
      last.bytes += size;
      count += 1;
      bytes += size;
      return true;
    },
    take() {
      const taken = first;
      first = taken.next ?? { notifications: [], bytes: 0 };
      if (taken === last) last = first;
      count -= taken.notifications.length;
      bytes -= taken.bytes;
      return taken.notifications;
    },
  };
}
