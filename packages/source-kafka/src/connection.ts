import type { Message } from "node-rdkafka";
import { createCoverageCheck } from "./coverage.ts";
import { describeFailure, errorCodes, type Failure, readReason, textOf } from "./describe-failure.ts";
import { KafkaSourceError } from "./kafka-source-error.ts";
import { KafkaConsumer } from "./native.ts";
import { nameOf, type Partition, type Position } from "./offsets.ts";
import type { Settings } from "./options.ts";
import { readStatistics, type Statistics } from "./statistics.ts";

/** How long the broker may take to answer about offsets and topics. */
const requestTimeoutMs = 5_000;
const retryMs = 500;

/** One client of librdkafka's, from its making until it is of no use any more. It connects again by itself. */
export interface Connection {
  /** At most so many records, as soon as there is one; none when the wait is over. */
  poll(max: number, waitMs: number): Promise<readonly Message[]>;
  /** What counts as read from here on; it is committed within five seconds, and at a close. */
  store(positions: readonly Position[]): void;
  /** Fetches nothing, until `resume`. Polls go on, to stay in the group. */
  pause(): void;
  resume(): void;
  /** Why this client will never read again, if so. */
  failure(): Failure | undefined;
  /** Resolves when the client is gone, or the time is over: with its brokers down librdkafka can take minutes. */
  close(deadlineMs: number): Promise<void>;
}

/** What a connection tells. */
export interface ConnectionListener {
  readonly assigned: () => void;
  readonly revoked: (partitions: readonly Partition[]) => void;
  /** Records that the group had not read yet are gone from the broker. */
  readonly lost: (count: number, detail: string) => void;
  readonly trouble: (failure: Failure) => void;
  /** Topics or partitions that do not come here, or undefined: all do. */
  readonly covers: (missing: string | undefined) => void;
  readonly statistics: (statistics: Statistics) => void;
}

/**
 * Makes a client, which begins to connect.
 *
 * @param rewound partitions whose committed offsets this process has set back already; grows
 * @throws KafkaSourceError when librdkafka refuses a property
 */
export async function connect(settings: Settings, rewound: Set<string>, on: ConnectionListener): Promise<Connection> {
  const consumer = createConsumer(settings, (error, partitions) => {
    if (error.code === errorCodes.assignPartitions) void takeOver(partitions);
    else if (error.code === errorCodes.revokePartitions) giveUp(partitions);
    else on.trouble(describeFailure(settings, error));
  });
  // How soon the group learns of new partitions, and a little more for joining anew.
  const settleMs = Math.max(0, Number(settings.config["topic.metadata.refresh.interval.ms"])) + 2_000;
  const coverage = createCoverageCheck(settings, settleMs, () => performance.now());
  let looking: NodeJS.Timeout | undefined;
  /** The group has assigned something, be it nothing. */
  let answered = false;
  let closing = false;
  let fatal: Failure | undefined;
  let reason: string | undefined;
  let polling: Promise<unknown> = Promise.resolve();

  const cooperative = () => consumer.rebalanceProtocol() === "COOPERATIVE";
  const giveUp = (partitions: readonly Partition[]) => {
    on.revoked(partitions);
    attempt(() => (cooperative() ? consumer.incrementalUnassign([...partitions]) : consumer.unassign()));
  };
  const takeOver = async (partitions: readonly Partition[]) => {
    // librdkafka waits with this rebalance until it is answered; polls go on meanwhile.
    const positions = await toPositions(partitions);
    if (closing) return;
    attempt(() => (cooperative() ? consumer.incrementalAssign([...positions]) : consumer.assign([...positions])));
    answered = true;
    on.assigned();
    await checkCoverage();
  };
  /** A client that cannot be told what to read is made anew. */
  const attempt = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      if (!closing) fatal ??= describeFailure(settings, error);
    }
  };

  const toPositions = async (partitions: readonly Partition[]): Promise<readonly (Partition | Position)[]> => {
    if (!settings.fromBeginning) {
      await reportLost(partitions);
      return partitions;
    }
    const fresh = partitions.filter((partition) => !rewound.has(nameOf(partition)));
    const begins = await rewind(fresh);
    for (const partition of fresh) rewound.add(nameOf(partition));
    return partitions.map((partition) => begins.get(nameOf(partition)) ?? partition);
  };
  /**
   * Commits the oldest offsets before anything is read. Merely reading from there would not do: killed after the first records are in
   * the index and before their offsets are committed, the next start would go on at the old offsets, and skip the rest.
   */
  const rewind = async (partitions: readonly Partition[]): Promise<ReadonlyMap<string, Position>> => {
    for (;;) {
      const begins = new Map<string, Position>();
      if (partitions.length === 0 || closing) return begins;
      try {
        for (const partition of partitions) {
          begins.set(nameOf(partition), { ...partition, offset: (await watermarks(partition)).lowOffset });
        }
        consumer.commit([...begins.values()]);
        const committed = await committedOf(partitions);
        if (committed.every((position) => begins.get(nameOf(position))?.offset === position.offset)) return begins;
      } catch (error) {
        on.trouble(describeFailure(settings, error));
      }
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  };
  const reportLost = async (partitions: readonly Partition[]) => {
    try {
      for (const committed of await committedOf(partitions)) {
        if (!(committed.offset >= 0)) continue;
        const { lowOffset } = await watermarks(committed);
        if (committed.offset >= lowOffset) continue;
        on.lost(
          lowOffset - committed.offset,
          `records of ${nameOf(committed)} are gone from the broker before they were read: its retention is too short`,
        );
      }
    } catch {
      // It is only a report; what stands in the way is told by events.
    }
  };

  const watermarks = ({ topic, partition }: Partition) =>
    new Promise<{ readonly lowOffset: number }>((resolve, reject) =>
      consumer.queryWatermarkOffsets(topic, partition, requestTimeoutMs, (error, offsets) =>
        error ? reject(error) : resolve(offsets),
      ),
    );
  const committedOf = (partitions: readonly Partition[]) =>
    new Promise<readonly Position[]>((resolve, reject) =>
      consumer.committed([...partitions], requestTimeoutMs, (error, offsets) =>
        error ? reject(error) : resolve(offsets),
      ),
    );
  const checkCoverage = () =>
    new Promise<void>((resolve) =>
      consumer.getMetadata({ allTopics: true, timeout: requestTimeoutMs }, (error, metadata) => {
        resolve();
        if (error || closing) return;
        attempt(() => {
          const { missing, unsettled } = coverage.check(metadata.topics, answered ? consumer.assignments() : undefined);
          on.covers(missing);
          clearTimeout(looking);
          if (unsettled) looking = setTimeout(checkCoverage, settleMs);
        });
      }),
    );

  consumer.on("event.log", (line: { readonly fac?: string; readonly message?: string }) => {
    reason = readReason(line) ?? reason;
  });
  consumer.on("event.error", (error) => {
    const failure = describeFailure(settings, error, reason);
    if (failure.fatal) fatal ??= failure;
    if (!closing) on.trouble(failure);
  });
  consumer.on("event.stats", (event: { readonly message: string }) => {
    if (!closing) on.statistics(readStatistics(event.message));
  });
  await begin(consumer);
  consumer.subscribe([...settings.topics]);

  const consume = (max: number, waitMs: number) =>
    new Promise<readonly Message[]>((resolve) => {
      consumer.setDefaultConsumeTimeout(waitMs);
      consumer.consume(max, (error, messages) => {
        if (!error) return resolve(messages);
        resolve([]);
        if (closing) return;
        if (error.code === errorCodes.unknownTopic) return void checkCoverage();
        const failure = describeFailure(settings, error);
        if (failure.fatal) fatal ??= failure;
        on.trouble(failure);
      });
    });

  return {
    async poll(max, waitMs) {
      // The wait is per record, not per call: a batch waits for its first record, and takes what is there (measured: p50 4 ms).
      const first = consume(1, waitMs);
      polling = first;
      const records = await first;
      if (records.length === 0 || max === 1 || closing) return records;
      const more = consume(max - 1, 0);
      polling = more;
      return [...records, ...(await more)];
    },
    store(positions) {
      try {
        if (!closing) consumer.offsetsStore([...positions]);
      } catch {
        // No longer ours since the batch was read (-190, -172): whoever has the partition now reads it again.
      }
    },
    pause: () => attempt(() => consumer.pause(consumer.assignments())),
    resume: () => attempt(() => consumer.resume(consumer.assignments())),
    failure: () => fatal,
    async close(deadlineMs) {
      closing = true;
      clearTimeout(looking);
      let timer: NodeJS.Timeout | undefined;
      const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, deadlineMs)));
      const gone = polling.then(() => new Promise<void>((resolve) => consumer.disconnect(() => resolve())));
      await Promise.race([gone, deadline]);
      clearTimeout(timer);
    },
  };
}

/** Says, as a {@link KafkaSourceError}, whether librdkafka knows all properties. Nothing is connected. */
export function checkProperties(settings: Settings): void {
  createConsumer(settings, () => undefined);
}

type Rebalance = (error: { readonly code: number; readonly message: string }, partitions: readonly Partition[]) => void;

function createConsumer(settings: Settings, onRebalance: Rebalance): InstanceType<typeof KafkaConsumer> {
  try {
    return new KafkaConsumer({ ...settings.config, rebalance_cb: onRebalance }, { ...settings.topicConfig });
  } catch (error) {
    throw refused(error);
  }
}

/** Resolves when the client exists. Whether a broker answers is told later: librdkafka tries for ever, at most every 10 s. */
function begin(consumer: InstanceType<typeof KafkaConsumer>): Promise<void> {
  const { getMetadata } = consumer;
  // `connect` asks for metadata, and takes a client apart whose brokers do not answer in time.
  consumer.getMetadata = (_options, done) => done?.(null as never, { topics: [] } as never);
  return new Promise((resolve, reject) => {
    consumer.connect({}, (error) => {
      consumer.getMetadata = getMetadata;
      if (error) reject(refused(error));
      else resolve();
    });
  });
}

function refused(error: unknown): KafkaSourceError {
  return new KafkaSourceError("invalid_config", `librdkafka refuses its config: ${textOf(error)}`, error);
}
