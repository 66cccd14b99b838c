import type { EventContext, IndexEntry, TagDefinition, WaitingTag } from "./index-entry.ts";
import type { NotificationBatch } from "./notification.ts";
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

/** An app that asks for the last `sinceMs` milliseconds of indicators. */
export interface SnapshotRequest {
  readonly sinceMs: number;
  send(chunk: readonly StixObject[]): Promise<void>;
  end(): Promise<void>;
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
}

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
  tagDefinition(id: number): TagDefinition | undefined;
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
  /** All entries in the order of their ids, from `afterId` on (0: from the beginning), at most `limit`. */
  entriesAfter(afterId: number, limit: number): readonly IndexEntry[];
  /** Ids of the entries withdrawn in a time span (milliseconds, from inclusive, to exclusive), oldest first, at most `limit`. */
  removedBetween(fromMs: number, toMs: number, limit: number): readonly number[];
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
