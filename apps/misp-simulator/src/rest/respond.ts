import type { ModelNotification } from "../messages/topics.ts";
import { notFound, type RestAnswer, refusal } from "./answer.ts";
import { authenticate } from "./authenticate.ts";
import type { EndpointContext } from "./endpoint.ts";
import type { Narrowing, RestKey } from "./key.ts";
import { brokenJson, type ParsedRequest } from "./request.ts";
import { routes } from "./routes.ts";
import type { SearchLimit } from "./search-limit.ts";
import { createView } from "./visibility.ts";

/** What MISP answers, and what it publishes because of it. */
export interface Response {
  readonly answer: RestAnswer;
  readonly notifications: readonly ModelNotification[];
}

/** What the answers depend on. */
export interface RespondContext extends Pick<EndpointContext, "model" | "now" | "unanswered" | "trouble"> {
  readonly keys: ReadonlyMap<string, RestKey>;
  readonly narrowings: ReadonlyMap<string, Narrowing>;
  readonly limit: SearchLimit;
  /** Where the login page is, for those who do not say that they want JSON. */
  readonly origin: string;
}

const invalidJson =
  "Invalid JSON input. Make sure that the JSON input is a correctly formatted JSON string. This request has been blocked to avoid an unfiltered request.";

/** MISP's checks in their order, then the endpoint. */
export function respond(request: ParsedRequest, context: RespondContext): Response {
  const { model, now, unanswered, trouble } = context;
  const only = (answer: RestAnswer): Response => ({ answer, notifications: [] });

  // Recorded: without it every call, whatever the key, is sent to the login page.
  const wantsJson = request.headers.accept?.includes("application/json") || /\.json(\?|$)/.test(request.path);
  if (!wantsJson) {
    const headers = { "Content-Type": "text/html; charset=UTF-8", Location: `${context.origin}/users/login` };
    return only({ status: 302, headers, body: "" });
  }
  const authenticated = authenticate(request, context.keys, now);
  if (!authenticated.ok) return only(authenticated.answer);
  const { key } = authenticated;
  const headers = key.expiresAt !== undefined && {
    "X-Auth-Key-Expiration": new Date(key.expiresAt * 1000).toISOString().replace(".000Z", "+00:00"),
  };
  const dressed = (answer: RestAnswer, more = {}) => ({
    ...answer,
    headers: { ...answer.headers, ...headers, ...more },
  });

  if (request.data === brokenJson) return only(dressed(refusal(405, invalidJson, request.url)));
  const endpoint = routes.get(`${request.controller}/${request.action}`);
  if (endpoint === undefined) return only(dressed(notFound(request.url)));
  const isLimited = request.action === "restSearch" && request.controller !== "sightings";
  const counted = isLimited ? context.limit.count(key, request.url, now) : { ok: true as const, headers: {} };
  if (!counted.ok) return only(dressed(counted.answer));

  const notifications: ModelNotification[] = [];
  const view = createView(key, context.narrowings.get(key.key));
  const answer = endpoint(request, { model, now, key, view, notifications, unanswered, trouble });
  return { answer: dressed(answer, counted.headers), notifications };
}
