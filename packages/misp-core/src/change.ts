import type { ReadVersion } from "./index-entry.ts";

/** What MISP says about one attribute's own content. */
export interface AttributeContent {
  /** MISP's attribute type, such as `ip-dst`; any string. */
  readonly type: string;
  readonly value: string;
  readonly category: string;
  readonly comment: string;
  /** True only when MISP said so: absent or null is not. */
  readonly toIds: boolean;
  /** Soft-deleted in MISP: it can be restored. */
  readonly deleted: boolean;
  /** MISP's `timestamp`, whole seconds since the epoch. It can go back (recorded). */
  readonly timestamp: number;
  /** The attribute's own distribution as MISP says it, 0 to 5; 5: as its object and event. Absent: no message said it. */
  readonly distribution?: number;
  /** Its object's, 0 to 5; 5 as well when it is in no object: that restricts nothing. Absent: no message said it. */
  readonly objectDistribution?: number;
}

/** A tag as a message carries it. What the message does not say is absent. */
export interface Tag {
  readonly id: number;
  readonly name: string;
  readonly exportable?: boolean;
  /** A property of the attachment, not of the tag. Attribute tag messages do not say it. */
  readonly local?: boolean;
}

/** The part of an event that a message carries. What is absent is unknown, never empty: it must not erase what is known. */
export interface EventPart {
  readonly uuid?: string;
  readonly info?: string;
  /** The organisation that created the event (MISP's `Orgc`). */
  readonly orgId?: number;
  readonly orgUuid?: string;
  readonly orgName?: string;
  /** The organisation that owns the event on this MISP (`org_id`): its users see all of it. */
  readonly ownerOrgId?: number;
  /** Only from messages that know it: in attribute messages MISP's flag is often stale (recorded). */
  readonly published?: boolean;
  readonly distribution?: number;
  /** The complete list of the event's tags, when the message has one. */
  readonly tags?: readonly Tag[];
}

interface Observed {
  /** `live`: a notification. `rest`: a row that was asked for; it counts as observed when its request was sent. */
  readonly origin: "live" | "rest";
  /** Milliseconds since the epoch, with a fraction. */
  readonly observedAtMs: number;
}

/** An attribute was added, edited, soft-deleted or restored, or read from MISP's REST API. */
export interface AttributeChange extends Observed {
  readonly kind: "attribute";
  readonly attributeId: number;
  readonly eventId: number;
  /** Lower case. */
  readonly uuid: string;
  readonly content: AttributeContent;
  /**
   * The complete list of the attribute's own tags. Absent on `add`: MISP attaches tags after that message went out, so it
   * says nothing about them. In every other message a missing `Tag` means that there are none.
   */
  readonly tags?: readonly Tag[];
  readonly event: EventPart;
}

/** An attribute was deleted for good. The message is a raw row: no event, no tags, an old timestamp. */
export interface AttributeDeletedChange extends Observed {
  readonly kind: "attribute-deleted";
  readonly attributeId: number;
  readonly eventId: number;
  readonly uuid: string;
  readonly content: AttributeContent;
}

/** Something became known about an event: it was added, edited or published. */
export interface EventChange extends Observed {
  readonly kind: "event";
  readonly eventId: number;
  readonly event: EventPart;
}

/** An event was deleted, and with it everything in it: MISP sends no message for its attributes. */
export interface EventDeletedChange extends Observed {
  readonly kind: "event-deleted";
  readonly eventId: number;
}

/** Where a tag hangs. MISP's tag messages carry numeric ids only, no UUIDs. */
export type TagTarget = { readonly attributeId: number } | { readonly eventId: number };

export interface TagAttachedChange extends Observed {
  readonly kind: "tag-attached";
  readonly tag: Tag;
  readonly target: TagTarget;
}

export interface TagDetachedChange extends Observed {
  readonly kind: "tag-detached";
  readonly tag: Tag;
  readonly target: TagTarget;
}

/** The tag itself was created or edited; its name may be new. It reaches everything that carries the tag. */
export interface TagRenamedChange extends Observed {
  readonly kind: "tag-renamed";
  readonly tag: Tag;
}

/** The tag itself was deleted, and so left everything that carried it. */
export interface TagDeletedChange extends Observed {
  readonly kind: "tag-deleted";
  readonly tag: Tag;
}

/** An attribute is not in MISP's answers any more, though it was, and was asked for a second time. Observed when the first answer was asked for. */
export interface AttributeAbsentChange extends Observed {
  readonly kind: "attribute-absent";
  readonly attributeId: number;
  readonly eventId: number;
}

/** An event was read over REST from beginning to end, in this version; without one it is not in MISP's list any more. */
export interface EventReadChange extends Observed {
  readonly kind: "event-read";
  readonly eventId: number;
  readonly event: EventPart;
  readonly version: ReadVersion | undefined;
}

/** One thing that MISP said, independent of the way it came. */
export type Change =
  | AttributeChange
  | AttributeDeletedChange
  | EventChange
  | EventDeletedChange
  | TagAttachedChange
  | TagDetachedChange
  | TagRenamedChange
  | TagDeletedChange;

/** What a reconcile found out that no message and no row says. */
export type Finding = AttributeAbsentChange | EventReadChange;
