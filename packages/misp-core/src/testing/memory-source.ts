import type { Source, SourceStatus } from "../contracts.ts";
import type { Notification } from "../notification.ts";
import { createStatusFeed } from "../status-feed.ts";
import { createChannel } from "./channel.ts";

/** A source in memory, with the other side of it in the hands of a test. */
export interface MemorySource {
  readonly source: Source;
  /** One batch, as it is: a test decides what arrives together. Nothing is nothing. */
  push(notifications: readonly Notification[]): void;
  /** The reader gets what waits, and then this error. */
  fail(error: Error): void;
  /** The reader gets what waits, and then the end. */
  end(): void;
  /** All notifications whose batch was acknowledged, in the order of the acknowledgements, each batch once. */
  readonly acked: readonly Notification[];
  /** What `status()` says next. A state, unlike a gap, is also what later readers begin with. */
  report(status: SourceStatus): void;
}

export function createMemorySource(): MemorySource {
  const batches = createChannel<readonly Notification[]>();
  const acked: Notification[] = [];
  const feed = createStatusFeed({ state: "connected", detail: "in memory" });
  let failure: Error | undefined;
  let disposed = false;

  return {
    source: {
      async *read({ signal }) {
        if (disposed) return;
        for await (const notifications of batches.read(signal)) {
          let pending = true;
          yield {
            notifications,
            ack() {
              if (pending) acked.push(...notifications);
              pending = false;
            },
          };
          if (disposed) return;
        }
        if (failure !== undefined && !signal.aborted && !disposed) throw failure;
      },
      status: feed.read,
      async [Symbol.asyncDispose]() {
        feed.end({ state: "closed", detail: "in memory" });
        disposed = true;
        batches.close();
      },
    },
    push(notifications) {
      if (notifications.length > 0) batches.put([...notifications]);
    },
    fail(error) {
      failure = error;
      batches.close();
    },
    end: () => batches.close(),
    acked,
    report: feed.tell,
  };
}
