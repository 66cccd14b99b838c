import type { AttributeContent } from "./change.ts";

/** A tag that hangs on an attribute or event. Its name is in the tag's {@link TagDefinition}, so that a rename is one write. */
export interface AttachedTag {
  readonly id: number;
  /** Unknown until a full message said it. */
  readonly local?: boolean;
  /** When this attachment was observed, if a tag message told it after the last full list. */
  readonly atMs?: number;
}

/** The tags of one attribute or event, with when each fact was observed, so that older facts lose whatever order they come in. */
export interface TagSet {
  /** When the last complete list was observed, milliseconds; 0: never. */
  readonly listedAtMs: number;
  readonly attached: readonly AttachedTag[];
  /** Tags that a tag message detached after the last complete list: an older list must not bring them back. */
  readonly detached: readonly { readonly id: number; readonly atMs: number }[];
}

/** What is known about a tag itself. */
export interface TagDefinition {
  readonly id: number;
  readonly name: string;
  /** Unknown until a message said it. */
  readonly exportable?: boolean;
  /** When it was last observed to change, milliseconds. */
  readonly atMs: number;
  /** Deleted in MISP at `atMs`: facts about attachments from before count no more. */
  readonly deleted?: true;
}

/** What is known about a MISP event, from messages and rows that each carry a part of it. */
export interface EventContext {
  readonly id: number;
  readonly uuid?: string;
  /** The organisation that created the event (MISP's `Orgc`). */
  readonly orgId?: number;
  readonly orgUuid?: string;
  /** The organisation that owns it on this MISP, whose users see all of it. */
  readonly ownerOrgId?: number;
  readonly published?: boolean;
  /**
   * When `published` was last observed, milliseconds: messages of attributes do not say it, so they make no message that does
   * too late. Absent: as `atMs`.
   */
  readonly publishedAtMs?: number;
  readonly distribution?: number;
  /** When the parts above were last observed, milliseconds. */
  readonly atMs: number;
  readonly tags: TagSet;
  /** Deleted in MISP. Kept for ever, since MISP never reuses an event id and stragglers can come late. */
  readonly deleted?: true;
  /** What the event was when its attributes were last read over REST. Absent: no list of events ever showed it. */
  readonly version?: ReadVersion;
}

/** MISP's version of an event (compared for difference, never for order), and whether what was read of it still holds. */
export interface ReadVersion {
  /** Seconds since the epoch. */
  readonly timestamp: number;
  readonly published: boolean;
  /** Of {@link StoreMeta.epoch} when it was read; 0: something was heard of it since, so it has to be read again. */
  readonly epoch: number;
}

/** The fields of a STIX indicator that MISP's facts decide; ids and times come from the entry. Compared field by field. */
export interface Announced {
  readonly pattern: string;
  readonly patternType: string;
  readonly name: string;
  readonly description?: string;
  readonly labels?: readonly string[];
  /** `marking-definition--…` ids. */
  readonly markings?: readonly string[];
  /** 0 to 100. */
  readonly confidence?: number;
  /** The creator organisation's UUID. */
  readonly orgUuid?: string;
  readonly eventUuid?: string;
  /** STIX `valid_until`, milliseconds since the epoch. */
  readonly validUntilMs?: number;
}

/** A pattern that consumers may still hold and must drop, with the name it was announced under. */
export interface Outdated {
  readonly pattern: string;
  readonly patternType: string;
  readonly name: string;
}

/** A pattern whose REMOVE was handed over: an app that was away then still holds it, and gets the REMOVE with its snapshot. */
export interface Former extends Outdated {
  /** STIX `modified` of the REMOVE as it was sent, milliseconds. */
  readonly modifiedMs: number;
  /** When it was withdrawn from the bus, milliseconds. */
  readonly atMs: number;
}

/**
 * Why an attribute is gone. A soft-deleted one is not: it can come back. Nor is `absent` for good: MISP's REST API, which had
 * shown it, no longer does, and may again.
 */
export type GoneReason = "attribute-deleted" | "event-deleted" | "superseded" | "absent";

/**
 * One attribute in the index: what MISP says about it, also while it is withheld, and what consumers may hold of it.
 *
 * What consumers may know is always a superset of what they know: `outdated`, and the current announcement while `live`.
 */
export interface IndexEntry {
  /** MISP's numeric attribute id: never reused. */
  readonly id: number;
  readonly uuid: string;
  readonly eventId: number;
  readonly content: AttributeContent;
  /** When the content was observed, milliseconds. */
  readonly contentAtMs: number;
  readonly origin: "live" | "rest";
  /** A REST row ever showed it, so its absence from a listing can mean something. */
  readonly seenInRest: boolean;
  readonly tags: TagSet;
  /** Present also when undefined, like `announced`: entries of one shape are copied several times as fast (`pnpm bench`). */
  readonly gone: GoneReason | undefined;
  /** The last announced fields; kept after a removal, since a REMOVE repeats them. */
  readonly announced: Announced | undefined;
  /** The announcement stands: consumers are to hold it. */
  readonly live: boolean;
  /** The announcement carries `x_threatbus_update: "EDIT"`. */
  readonly edit: boolean;
  /** Patterns to be removed with the next publication, the announced one never among them while `live`. */
  readonly outdated: readonly Outdated[];
  /** STIX `created` and `valid_from`, milliseconds; 0 before the first announcement. */
  readonly createdMs: number;
  /** STIX `modified` of the last object of this entry, milliseconds; 0 before the first announcement. */
  readonly modifiedMs: number;
  /** When it was last withdrawn from the bus, milliseconds; 0: not withdrawn. */
  readonly removedAtMs: number;
  /** The sequence number of its latest dirty key; 0: never dirty. */
  readonly sequence: number;
  /** When time alone changes its verdict, milliseconds, as {@link dueAtMs} says; 0: never. */
  readonly dueAtMs: number;
  /** Patterns that were withdrawn lately, each once, oldest first, 20 at most; the announced one never among them while `live`. */
  readonly former: readonly Former[];
}

/** A tag message for an attribute id that is not known yet. */
export interface WaitingTag {
  readonly attributeId: number;
  readonly tagId: number;
  readonly attached: boolean;
  readonly atMs: number;
}
