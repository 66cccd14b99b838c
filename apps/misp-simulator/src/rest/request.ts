import type { IncomingHttpHeaders } from "node:http";
import { gunzipSync } from "node:zlib";
import type { Json } from "../messages/json.ts";

/** A request as it came over the wire. */
export interface RestRequest {
  readonly method: string;
  /** With the query, as requested. */
  readonly path: string;
  /** Names in lower case; the key is among them. */
  readonly headers: IncomingHttpHeaders;
  /** Unpacked, otherwise as sent. */
  readonly body: string;
}

/** A request as an endpoint reads it. */
export interface ParsedRequest extends RestRequest {
  /** The path alone, without the `.json` that may stand for an Accept header: MISP's `url` in errors. */
  readonly url: string;
  readonly controller: string;
  readonly action: string;
  /** The path's parts behind the action, those with a name left out. */
  readonly parameters: readonly string[];
  /** The path's `name:value` parts. */
  readonly named: Readonly<Record<string, string>>;
  /** The body's value: undefined when there is none that MISP would read. */
  readonly data: unknown;
  readonly isAjax: boolean;
}

/** A body said to be JSON that is none: 405 in MISP, so that a broken filter cannot become no filter. */
export const brokenJson: unique symbol = Symbol("broken JSON");

/** The text of a body, unpacked when it is gzip (MISP offers that: `request_encoding`). */
export function bodyText(raw: Buffer, encoding: string | undefined): string {
  return (encoding === "gzip" ? gunzipSync(raw) : raw).toString("utf8");
}

/**
 * Without `Content-Type: application/json` MISP does not read the body as JSON. Sent as a form, as curl does by itself, the
 * whole text becomes the name of one unknown filter: not empty, so not refused, and nothing is filtered (MISP issue 8841).
 */
function parseBody(body: string, contentType: string | undefined): unknown {
  if (body === "") return undefined;
  if (contentType?.startsWith("application/json")) {
    try {
      return JSON.parse(body);
    } catch {
      return brokenJson;
    }
  }
  if (contentType?.startsWith("application/x-www-form-urlencoded")) {
    return Object.fromEntries(new URLSearchParams(body));
  }
  return undefined;
}

/** Is it a JSON object. */
export function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The request's parts. Never fails: a body that cannot be read is {@link brokenJson}. */
export function parseRequest(request: RestRequest): ParsedRequest {
  const url = (request.path.split("?")[0] ?? "").replace(/\.json$/, "");
  const parts = url.split("/").filter((part) => part !== "");
  const [controller = "", action = "index", ...rest] = parts.map(decodePart);
  const named: Record<string, string> = {};
  const parameters: string[] = [];
  for (const part of rest) {
    const colon = part.indexOf(":");
    if (colon > 0) named[part.slice(0, colon)] = part.slice(colon + 1);
    else parameters.push(part);
  }
  const { method, headers, body } = request;
  return {
    ...request,
    ...{ url, controller, action, parameters, named },
    data: method === "GET" ? undefined : parseBody(body, headers["content-type"]),
    isAjax: headers["x-requested-with"] === "XMLHttpRequest",
  };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
