// What users of the package need first.

export type {
  AttributeChange,
  AttributeContent,
  AttributeDeletedChange,
  Change,
  EventChange,
  EventDeletedChange,
  EventPart,
  Tag,
  TagAttachedChange,
  TagDeletedChange,
  TagDetachedChange,
  TagRenamedChange,
  TagTarget,
} from "./change.ts";
export { type CompiledFilter, compileFilter, type FilterProblem } from "./compile-filter.ts";
export { type Decoded, decode } from "./decode.ts";
export type { RefusalReason } from "./decode-fields.ts";
export { describeFilter } from "./describe-filter.ts";
export type { Filter, FilterItem, FilterSubject, ItemResult } from "./filter.ts";
export type { Notification, NotificationBatch } from "./notification.ts";
export { mispTypes, type PatternResult, toPattern } from "./pattern/pattern.ts";

// What sibling packages build on.

export { type ResolvedTag, tlpMarking } from "./announcement-fields.ts";
export type { AttributeAbsentChange, EventReadChange, Finding } from "./change.ts";
export {
  type Bus,
  type BusStatus,
  type DeadLetter,
  emptyMeta,
  type Lineage,
  type Outbox,
  type OutboxChanges,
  type OutboxEntry,
  type SightingDelivery,
  type SightingRow,
  type SnapshotRequest,
  type Source,
  type SourceStatus,
  type Store,
  type StoreChanges,
  type StoreMeta,
  type StoreView,
} from "./contracts.ts";
export { type Fields, isFields, readId, readOptionalBoolean } from "./decode-fields.ts";
export { decodeRow } from "./decode-row.ts";
export { decodeSighting, type MispSighting } from "./decode-sighting.ts";
export { effectiveDistribution, mergeContent } from "./distribution.ts";
export {
  type AnnouncedOrNot,
  type AnnouncedSubject,
  evaluate,
  neverAnnounced,
  type Subject,
  toAnnounced,
  type Verdict,
  type WithholdReason,
} from "./evaluate.ts";
export { decidesTheSame, mergeEventPart, unknownEvent } from "./event-context.ts";
export { type Explanation, explainVerdict, type GateResult } from "./explain.ts";
export { createFilter } from "./filter.ts";
export { confirmRemovals, noFormer, withdrawnAtMs } from "./former.ts";
export type {
  Announced,
  AttachedTag,
  EventContext,
  Former,
  GoneReason,
  IndexEntry,
  Outdated,
  ReadVersion,
  TagDefinition,
  TagSet,
  WaitingTag,
} from "./index-entry.ts";
export { type IndicatorOptions, toAnnouncement, toFormerRemoval, toRemovals } from "./indicator.ts";
export { isDeeperThan } from "./json-depth.ts";
export { removeUnknown, type SettleContext, type Settled, settle, takeOver } from "./lifecycle.ts";
export { nearestWord } from "./nearest-word.ts";
export { describeMapping, isMappedType } from "./pattern/pattern.ts";
export { isEventOverruled, isInDoubt, isNewerContent, isOverruled } from "./precedence.ts";
export {
  dueAtMs,
  mustNotBeNamed,
  noQualityGates,
  type QualityGates,
  type QualityReason,
  type QualitySubject,
} from "./quality-gates.ts";
export { createRedact, type Redact } from "./redact.ts";
export {
  type ParsedSighting,
  parseSighting,
  type Sighting,
  type SightingRefusalReason,
  type SightingTarget,
  type SightingType,
} from "./sighting.ts";
export { createFeed, createStatusFeed, type Occurrences, type StatusFeed } from "./status-feed.ts";
export type { Indicator, StixObject } from "./stix.ts";
export { attachTag, detachTag, listTags, noTags, sameTags } from "./tag-set.ts";
export { maxTimestamp, toStixTimestamp } from "./timestamp.ts";
export { describeUnknownOption } from "./unknown-option.ts";
