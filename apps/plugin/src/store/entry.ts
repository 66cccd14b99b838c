import {
  type Announced,
  type AttachedTag,
  type AttributeContent,
  type Former,
  type IndexEntry,
  noFormer,
  type TagSet,
} from "@tb/misp-core";

/**
 * Entries as they lie on disk: arrays, since names of fields would be a third of it. A field that is absent is null; texts
 * that repeat (a name that is the value, a description that is the comment) are true. A new field goes to the end.
 */
export type StoredEntry = readonly unknown[];

export function encodeEntry(entry: IndexEntry): StoredEntry {
  const { content, announced, former } = entry;
  const stored = [
    entry.id,
    entry.uuid,
    entry.eventId,
    [
      content.type,
      content.value,
      content.category,
      content.comment,
      content.toIds,
      content.deleted,
      content.timestamp,
      content.distribution ?? null,
      content.objectDistribution ?? null,
    ],
    entry.contentAtMs,
    entry.origin === "rest",
    entry.seenInRest,
    encodeTags(entry.tags),
    entry.gone ?? null,
    announced === undefined
      ? null
      : [
          announced.pattern,
          announced.patternType,
          announced.name === content.value ? true : announced.name,
          announced.description === undefined
            ? null
            : announced.description === content.comment
              ? true
              : announced.description,
          announced.labels ?? null,
          announced.markings ?? null,
          announced.confidence ?? null,
          announced.orgUuid ?? null,
          announced.eventUuid ?? null,
          announced.validUntilMs ?? null,
        ],
    entry.live,
    entry.edit,
    entry.outdated.map(({ pattern, patternType, name }) => [pattern, patternType, name]),
    entry.createdMs,
    entry.modifiedMs,
    entry.removedAtMs,
    entry.sequence,
    entry.dueAtMs,
  ];
  if (former.length > 0)
    stored.push(former.map((old) => [old.pattern, old.patternType, old.name, old.modifiedMs, old.atMs]));
  return stored;
}

// The shape is what encodeEntry wrote: the file's format version and checksumless pages are checked at opening, not here.
// biome-ignore lint/suspicious/noExplicitAny: positions in an array have no names to check
export function decodeEntry(stored: any): IndexEntry {
  const [, value, , comment] = stored[3];
  const announced = stored[9];
  return {
    id: stored[0],
    uuid: stored[1],
    eventId: stored[2],
    content: decodeContent(stored[3]),
    contentAtMs: stored[4],
    origin: stored[5] ? "rest" : "live",
    seenInRest: stored[6],
    tags: decodeTags(stored[7]),
    gone: stored[8] ?? undefined,
    announced: announced === null ? undefined : decodeAnnounced(announced, value, comment),
    live: stored[10],
    edit: stored[11],
    outdated: stored[12].map(([pattern, patternType, name]: [string, string, string]) => ({
      pattern,
      patternType,
      name,
    })),
    createdMs: stored[13],
    modifiedMs: stored[14],
    removedAtMs: stored[15],
    sequence: stored[16],
    // What was written before an entry had one has none: its gates are new to it, and it is evaluated anew.
    dueAtMs: stored[17] ?? 0,
    former: stored[18] === undefined ? noFormer : stored[18].map(decodeFormer),
  };
}

function decodeFormer([pattern, patternType, name, modifiedMs, atMs]: [
  string,
  string,
  string,
  number,
  number,
]): Former {
  return { pattern, patternType, name, modifiedMs, atMs };
}

// Fields at the end are missing in what was written before they existed.
// biome-ignore lint/suspicious/noExplicitAny: see decodeEntry
function decodeContent(stored: any): AttributeContent {
  const [type, value, category, comment, toIds, deleted, timestamp, distribution = null, object = null] = stored;
  const content: { -readonly [Key in keyof AttributeContent]: AttributeContent[Key] } = {
    type,
    value,
    category,
    comment,
    toIds,
    deleted,
    timestamp,
  };
  if (distribution !== null) content.distribution = distribution;
  if (object !== null) content.objectDistribution = object;
  return content;
}

// biome-ignore lint/suspicious/noExplicitAny: see decodeEntry
function decodeAnnounced(stored: any, value: string, comment: string): Announced {
  const [
    pattern,
    patternType,
    name,
    description,
    labels,
    markings,
    confidence,
    orgUuid,
    eventUuid,
    validUntilMs = null,
  ] = stored;
  const announced: { -readonly [Key in keyof Announced]: Announced[Key] } = {
    pattern,
    patternType,
    name: name === true ? value : name,
  };
  if (description !== null) announced.description = description === true ? comment : description;
  if (labels !== null) announced.labels = labels;
  if (markings !== null) announced.markings = markings;
  if (confidence !== null) announced.confidence = confidence;
  if (orgUuid !== null) announced.orgUuid = orgUuid;
  if (eventUuid !== null) announced.eventUuid = eventUuid;
  if (validUntilMs !== null) announced.validUntilMs = validUntilMs;
  return announced;
}

function encodeTags({ listedAtMs, attached, detached }: TagSet): unknown {
  if (attached.length === 0 && detached.length === 0) return listedAtMs;
  return [
    listedAtMs,
    attached.map(({ id, local, atMs }) => [id, local ?? null, atMs ?? null]),
    detached.map(({ id, atMs }) => [id, atMs]),
  ];
}

// biome-ignore lint/suspicious/noExplicitAny: see decodeEntry
function decodeTags(stored: any): TagSet {
  if (typeof stored === "number") return { listedAtMs: stored, attached: [], detached: [] };
  const [listedAtMs, attached, detached] = stored;
  return {
    listedAtMs,
    attached: attached.map(
      ([id, local, atMs]: [number, boolean | null, number | null]): AttachedTag => ({
        id,
        ...(local === null ? {} : { local }),
        ...(atMs === null ? {} : { atMs }),
      }),
    ),
    detached: detached.map(([id, atMs]: [number, number]) => ({ id, atMs })),
  };
}
