export type { EventIndex, EventVersion } from "./event-index.ts";
export { createMispApi, type MispApi } from "./misp-api.ts";
export { MispApiError, type MispApiErrorCode } from "./misp-api-error.ts";
export type { MispApiOptions } from "./options.ts";
export type { OwnUser } from "./own-user.ts";
export type { RequestOptions } from "./request.ts";
export type { MispTag } from "./tags.ts";
export type { MispVersion } from "./version.ts";
