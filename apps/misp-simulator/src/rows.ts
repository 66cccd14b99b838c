/** An organisation that this MISP knows. */
export interface Org {
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  /** Has users on this instance. */
  readonly local: boolean;
}

/** A tag itself. Attachments point at it, so a rename reaches all that carry it. */
export interface TagRow {
  readonly id: number;
  name: string;
  readonly colour: string;
  readonly exportable: boolean;
}

/** A tag on an attribute or event. `local` belongs to the attachment, not to the tag. */
export interface Attachment {
  /** Of MISP's `attribute_tags` or `event_tags` row. */
  readonly id: number;
  readonly tag: TagRow;
  readonly local: boolean;
}

/** A sighting, with the time in whole seconds. */
export interface SightingRow {
  readonly id: number;
  readonly uuid: string;
  readonly attribute: AttributeRow;
  readonly org: Org;
  /** 0 seen, 1 false positive, 2 expiration. */
  readonly type: number;
  readonly source: string;
  readonly date: number;
}

/** An event as MISP stores it. Times are whole seconds; 0 means never. */
export interface EventRow {
  readonly id: number;
  readonly uuid: string;
  /** `YYYY-MM-DD`, chosen by the analyst. */
  readonly date: string;
  info: string;
  /** The organisation that created it. */
  readonly orgc: Org;
  /** The organisation that owns it on this instance. */
  readonly org: Org;
  published: boolean;
  timestamp: number;
  publishTimestamp: number;
  sightingTimestamp: number;
  /** 0 initial, 1 ongoing, 2 complete. */
  readonly analysis: number;
  readonly threatLevel: number;
  distribution: number;
  readonly attributes: Set<AttributeRow>;
  readonly objects: Set<ObjectRow>;
  tags: Attachment[];
}

/** An attribute as MISP stores it. */
export interface AttributeRow {
  readonly id: number;
  readonly uuid: string;
  /** When the row was made, by MISP's clock. Not a column of MISP's: an import brings an old timestamp, and its rows are new all the same. */
  readonly createdAt: number;
  readonly event: EventRow;
  readonly object?: ObjectRow;
  readonly objectRelation: string | null;
  category: string;
  type: string;
  value: string;
  toIds: boolean;
  timestamp: number;
  readonly distribution: number;
  comment: string;
  deleted: boolean;
  /** ISO 8601 with microseconds, or null. */
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
  /** In the order in which they were attached. */
  tags: Attachment[];
  readonly sightings: SightingRow[];
}

/** An object: a group of attributes. */
export interface ObjectRow {
  readonly id: number;
  readonly uuid: string;
  readonly event: EventRow;
  name: string;
  description: string | null;
  templateUuid: string;
  templateVersion: number;
  timestamp: number;
  readonly distribution: number;
  deleted: boolean;
  readonly attributes: Set<AttributeRow>;
}
