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
// What sibling packages build on.
export type {
  Bus,
  BusStatus,
  Lineage,
  SightingDelivery,
  SnapshotRequest,
  Source,
  SourceStatus,
  Store,
  StoreChanges,
  StoreMeta,
  StoreView,
} from "./contracts.ts";
export type {
  Announced,
  AttachedTag,
  EventContext,
  GoneReason,
  IndexEntry,
  Outdated,
  TagDefinition,
  TagSet,
  WaitingTag,
} from "./index-entry.ts";
export type { Notification, NotificationBatch } from "./notification.ts";
export type { Indicator, StixObject } from "./stix.ts";
