// What users of the package need first.

export type { Clock } from "./clock.ts";
export { createSightingDelivery, type DeliveryOfSightings, type SightingDeliveryOptions } from "./delivery.ts";

// What sibling packages build on.

export { type Backoff, backoffMs } from "./backoff.ts";
export type { DropReason, SightingIndex } from "./map-sighting.ts";
export { createMispSender, type MispSenderOptions } from "./misp-sender.ts";
export type { DeliveryReport, Report } from "./report.ts";
export type { SendAnswer, SendSighting } from "./send.ts";
export type { SightingContent, SightingRequestOptions, SightingsApi } from "./sightings-api.ts";
export { type CompiledSourceTemplate, compileSourceTemplate, type SourceTemplate } from "./source-template.ts";
