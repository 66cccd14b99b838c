import type { EventContext, IndexEntry, TagDefinition, WaitingTag } from "./index-entry.ts";
import type { NotificationBatch } from "./notification.ts";
import type { SightingTarget, SightingType } from "./sighting.ts";
import type { StixObject } from "./stix.ts";

/** The life of a source's connection, as data. */
export type SourceStatus =
  | { readonly state: "connected"; readonly detail: string }
  | { readonly state: "disconnected"; readonly detail: string }
  /** The peer refuses us: a wrong password, or another mechanism. The source keeps trying. */
  | { readonly state: "handshake-failed"; readonly detail: string }
  /** Connected, and a part of what was asked for does not come: which, and what to do about it. */
  | { readonly state: "partial"; readonly detail: string }
  /** Messages may be missing from here on, how many of them as far as that is known, and why. Reconcile with MISP heals it. */
  | {
      readonly state: "gap";
      readonly cause: "overflow" | "reconnect" | "retention";
      readonly lost?: number;
      readonly detail: string;
    }
  | { readonly state: "closed"; readonly detail: string };

/** A transport that brings MISP's notifications. One reader at a time. */
export interface Source extends AsyncDisposable {
  /** Batches in the transport's order, until `signal` aborts or the source is disposed: both end a pending read at once. */
  read(options: { readonly signal: AbortSignal }): AsyncIterable<NotificationBatch>;
  /** Every change of the connection's life, from the present state on. Ends when the source is disposed. */
  status(): AsyncIterable<SourceStatus>;
}

/** A sighting that a detection tool reports. `ack` says that it is safe in the outbox. */
export interface SightingDelivery {
  /** The object as received, not yet validated. */
  readonly sighting: unknown;
  ack(): void;
}

/** An app that asks for the last `sinceMs` milliseconds of indicators. 0: what was removed lately, and nothing else. */
export interface SnapshotRequest {
  readonly sinceMs: number;
  /** Read and call it without waiting in between: what is live may change meanwhile. */
  send(chunk: readonly StixObject[]): Promise<void>;
  end(): Promise<void>;
  /** Aborts when the app has gone: nothing that is sent has an effect any more. */
  readonly signal?: AbortSignal;
}

export type BusStatus =
  | { readonly state: "up"; readonly detail: string }
  | { readonly state: "down"; readonly detail: string }
  | { readonly state: "consumer-behind"; readonly detail: string };

/** Where STIX objects go and sightings come from. */
export interface Bus extends AsyncDisposable {
  /** Hands the objects over, in order; resolves when they are handed over, waits while the bus is down, rejects when it is lost for good. */
  publish(objects: readonly StixObject[]): Promise<void>;
  sightings(options: { readonly signal: AbortSignal }): AsyncIterable<SightingDelivery>;
  snapshotRequests(options: { readonly signal: AbortSignal }): AsyncIterable<SnapshotRequest>;
  status(): AsyncIterable<BusStatus>;
}

/** What a uuid's history leaves behind when its entry is purged. */
export interface Lineage {
  readonly createdMs: number;
  readonly modifiedMs: number;
}

/** Facts about the index as a whole. */
export interface StoreMeta {
  /** The highest `observedAtMs` seen, so that a clock that goes back is noticed across restarts. */
  readonly observedAtMs: number;
  /** The last sequence number given to a dirty key. Never goes back. */
  readonly sequence: number;
  /** Of filter and mapping, as every entry was last evaluated with; empty on a new store. */
  readonly digest: string;
  /** A reconcile has gone through from beginning to end, and nothing has been missed since. */
  readonly complete: boolean;
  /** A reconcile has ever gone through from beginning to end. */
  readonly filled: boolean;
  /** What was read in an earlier epoch is read again. From 1 on. */
  readonly epoch: number;
  /** Of the filter's static conditions and the mapping, as events were read with; empty before the first reconcile. */
  readonly coverage: string;
}

/** What a new store holds. */
export const emptyMeta: StoreMeta = {
  observedAtMs: 0,
  sequence: 0,
  digest: "",
  complete: false,
  filled: false,
  epoch: 1,
  coverage: "",
};

/** What one transaction writes: all of it or nothing. */
export interface StoreChanges {
  /**
   * Each touched entry, once, as it was and as it is to be. `after` absent: purged. Secondary keys follow from the difference.
   * `before` absent: new, and then it has the highest id of its uuid: whoever decides drops stragglers of lower ids.
   */
  readonly entries: readonly { readonly before?: IndexEntry; readonly after?: IndexEntry }[];
  readonly events: readonly EventContext[];
  readonly tags: readonly TagDefinition[];
  readonly waiting: {
    readonly added: readonly WaitingTag[];
    /** Attribute ids whose waiting tag messages were taken up. */
    readonly taken: readonly number[];
  };
  /** New dirty keys, in commit order. */
  readonly dirty: readonly { readonly sequence: number; readonly id: number }[];
  /** Dirty keys that are done or replaced. */
  readonly clean: readonly number[];
  readonly meta: Partial<StoreMeta>;
}

/** Reads of the index, synchronous and of one committed state. */
export interface StoreView {
  meta(): StoreMeta;
  entry(id: number): IndexEntry | undefined;
  /** The id of the newest attribute with this uuid, or what its purged history left. */
  byUuid(uuid: string): { readonly id: number } | Lineage | undefined;
  event(id: number): EventContext | undefined;
  /** Ids of the entries of an event, growing. */
  idsOfEvent(eventId: number): Iterable<number>;
  /** Events in the order of their ids, after `afterId` (0: from the beginning), at most `limit`. */
  eventsAfter(afterId: number, limit: number): readonly EventContext[];
  tagDefinition(id: number): TagDefinition | undefined;
  /** All tag definitions, growing by id. */
  tagDefinitions(): Iterable<TagDefinition>;
  /** What carries a tag: attribute ids and event ids. */
  taggedWith(tagId: number): { readonly attributeIds: readonly number[]; readonly eventIds: readonly number[] };
  waitingTags(attributeId: number): readonly WaitingTag[];
  /** How many tag messages wait. */
  waitingCount(): number;
  /** Ids of live entries that announce this pattern, growing. */
  liveIdsWithPattern(pattern: string): Iterable<number>;
  isDirty(sequence: number): boolean;
  /** Dirty keys after a sequence number, in order, at most `limit`. */
  dirtyAfter(sequence: number, limit: number): readonly { readonly sequence: number; readonly id: number }[];
  /** Entries in the order of their ids, after `afterId` (0: from the beginning), at most `limit`. */
  entriesAfter(afterId: number, limit: number): readonly IndexEntry[];
  /**
   * Ids of the entries that were last withdrawn, or the last of whose former patterns was, in a time span (milliseconds, from
   * inclusive, to exclusive), oldest first, at most `limit`. So live ones may be among them. 0 is no such time.
   */
  removedBetween(fromMs: number, toMs: number, limit: number): readonly number[];
  /**
   * Ids of the entries whose `dueAtMs` lies in a time span (milliseconds, from inclusive, to exclusive, negative ones too, both may
   * be infinite), the lowest first, at most `limit`. Those that have 0 are never among them.
   */
  dueBetween(fromMs: number, toMs: number, limit: number): readonly number[];
}

/**
 * The index on disk. One process at a time, one writer: `commit` is called again only after it has resolved. It resolves when the
 * changes are durable, and the view shows them from then on.
 */
export interface Store extends StoreView, AsyncDisposable {
  commit(changes: StoreChanges): Promise<void>;
  /** Drops tag messages that have waited since before `beforeMs`; says how many. */
  expireWaiting(beforeMs: number): Promise<number>;
}

/** One row of MISP's sightings table that is to be written. */
export interface SightingRow {
  /** The row's key, lower case, and the MISP sighting's uuid wherever MISP lets it be chosen: a repeat then adds nothing. */
  readonly uuid: string;
  readonly target: SightingTarget;
  /** To be sent as text: MISP replaces an organisation's earlier expiration for `"2"`, and adds to it for `2` (recorded). */
  readonly type: SightingType;
  /** MISP's `date_sighting`: whole seconds since the epoch, at least 1. */
  readonly seenAt: number;
  /** At most 255 characters, none beyond U+FFFF, trimmed: as MISP keeps it. */
  readonly source: string;
}

/** A row that waits until MISP's answer proves that it is written. */
export interface OutboxEntry {
  readonly row: SightingRow;
  /** How many sightings the row stands for: 1, or more when a throttle has put several into one. */
  readonly count: number;
  /** Milliseconds since the epoch, as all times here. */
  readonly acceptedAtMs: number;
  /** Not to be sent before. */
  readonly dueAtMs: number;
  /** Tries that failed. */
  readonly failures: number;
  /** Those of them that failed while MISP took other rows: the row is to blame, not MISP. */
  readonly strikes: number;
  /** 0: no try has failed. */
  readonly failedAtMs: number;
  /** What the last try said; empty before the first. For people. */
  readonly detail: string;
}

/** A row that will not be sent again unless a person wants it. */
export interface DeadLetter {
  readonly entry: OutboxEntry;
  /** `refused`: MISP's answer says that it never will. `keeps_failing`: it failed again and again while others did not. */
  readonly reason: "refused" | "keeps_failing";
  readonly buriedAtMs: number;
}

/** What one transaction of the outbox writes: all of it or nothing, in the order of these properties. */
export interface OutboxChanges {
  /** Dead letters to be forgotten. Together with `put` of the same row: try again. */
  readonly discard?: readonly string[];
  /** New rows. One whose uuid waits or lies among the dead letters already is left as it is. */
  readonly put?: readonly OutboxEntry[];
  /** Replace the waiting row of the same uuid; nothing when it does not wait any more. */
  readonly postpone?: readonly OutboxEntry[];
  /** Move a waiting row to the dead letters; nothing when it does not wait any more. */
  readonly bury?: readonly DeadLetter[];
  /** Waiting rows that are written, or that another row stands for now. Dead letters stay. */
  readonly done?: readonly string[];
}

/**
 * Sightings on their way to MISP, on disk. One process at a time, one writer: `commit` is called again only after it has
 * resolved. It resolves when the changes are durable, and the reads, synchronous, show them from then on. When it rejects,
 * whether the changes are durable is unknown, and whoever writes gives up: the next start reads what is there.
 */
export interface Outbox extends AsyncDisposable {
  commit(changes: OutboxChanges): Promise<void>;
  /** Waiting rows, the earliest `dueAtMs` first, due or not, at most `limit`; those due at the same time in any order. */
  earliest(limit: number): readonly OutboxEntry[];
  holds(uuid: string): "waiting" | "dead" | undefined;
  /** Asked for with every sighting, so it must not count by reading. */
  counts(): { readonly waiting: number; readonly dead: number };
  /** Dead letters in the order of their uuids, after one (empty: from the beginning), at most `limit`. */
  deadLetters(afterUuid: string, limit: number): readonly DeadLetter[];
}
