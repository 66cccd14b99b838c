import type { OutgoingHttpHeaders } from "node:http";

/** What the simulator says to a request. A body in pieces is written piece by piece, so that a million rows need no single string. */
export interface RestAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | Iterable<string>;
}

const json = { "Content-Type": "application/json; charset=UTF-8" };

/** PHP's `json_encode` without flags: what MISP uses for errors and for short answers (recorded: `\/`). */
function phpJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll("/", "\\/")
    .replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A short answer in one line. */
export function compact(value: unknown, status = 200): RestAnswer {
  return { status, headers: json, body: phpJson(value) };
}

/** MISP pretty-prints for everyone but PyMISP and other MISPs. */
export function pretty(value: unknown, userAgent: string | undefined, headers: OutgoingHttpHeaders = {}): RestAnswer {
  const indent = /^(PyMISP|MISP)/.test(userAgent ?? "") ? undefined : 4;
  return { status: 200, headers: { ...json, ...headers }, body: JSON.stringify(value, undefined, indent) };
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#039;");
}

/** MISP's error body: `name` and `message` say the same, `url` is the path; all three HTML-escaped. */
export function refusal(status: number, message: string, path: string, headers: OutgoingHttpHeaders = {}): RestAnswer {
  const escaped = escapeHtml(message);
  return {
    status,
    headers: { ...json, ...headers },
    body: phpJson({ name: escaped, message: escaped, url: escapeHtml(path) }),
  };
}

/** MISP's 500 with debugging off. */
export function internalError(path: string): RestAnswer {
  return refusal(500, "An Internal Error Has Occurred.", path);
}

/** No such controller, action or row. */
export function notFound(path: string, message = "Not Found"): RestAnswer {
  return refusal(404, message, path);
}

/** Rows in MISP's `response` frame, as restSearch writes it: row by row, a line break at the end (recorded). */
export function searchResult(
  before: string,
  rows: Iterable<unknown>,
  after: string,
  headers: OutgoingHttpHeaders,
): RestAnswer {
  function* pieces(): Generator<string> {
    let piece = before;
    let first = true;
    for (const row of rows) {
      piece += (first ? "" : ",") + JSON.stringify(row);
      first = false;
      if (piece.length > 500_000) {
        yield piece;
        piece = "";
      }
    }
    yield `${piece}${after}\n`;
  }
  const more = { "X-Skipped-Elements-Count": "0", "X-Export-Module-Used": "json", "X-Response-Format": "json" };
  return { status: 200, headers: { ...json, ...more, ...headers }, body: pieces() };
}
