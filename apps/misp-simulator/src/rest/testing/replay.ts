import { readFileSync } from "node:fs";
import type { Json } from "../../messages/json.ts";
import type { MispModel } from "../../model.ts";
import type { RestServer } from "../rest-server.ts";

/** One exchange with a running MISP 2.5.1. */
export interface RecordedExchange {
  readonly trigger: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly body: string | null;
    readonly role?: string;
  };
  readonly status: number;
  readonly headers: Readonly<Record<string, string | null>>;
  /** As sent; absent where the recording was cut. */
  readonly body?: string;
  /** Of a long search result the first rows; `rows` is how many there were. */
  readonly value?: unknown;
  readonly rows?: number;
  /** Messages on the stream meanwhile. */
  readonly notifications?: number;
}

/** The exchanges of one of the two recordings. */
export function readRecorded(which: 1 | 2): readonly RecordedExchange[] {
  const file = new URL(`../__fixtures__/misp-rest-${which}.ndjson`, import.meta.url);
  return readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as RecordedExchange);
}

/** A request to the simulator. */
export interface Question {
  readonly method?: string;
  readonly path: string;
  /** A value is sent as its JSON. */
  readonly body?: unknown;
  readonly key?: string | undefined;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body's JSON; throws when it is none. */
  readonly json: () => Json;
}

/** Asks through a real connection, the way a careful client does unless `headers` say otherwise (undefined leaves one out). */
export async function ask(server: RestServer, question: Question): Promise<Reply> {
  const { path, body, key } = question;
  const headers = new Headers();
  const all = {
    accept: "application/json",
    "content-type": "application/json",
    authorization: key,
    connection: "close",
    ...question.headers,
  };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) headers.set(name, value);
  const response = await fetch(`${server.url}${path}`, {
    method: question.method ?? (body === undefined ? "GET" : "POST"),
    headers,
    redirect: "manual",
    ...(body !== undefined && body !== null && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) as Json };
}

/** A value without its content: names and types stay, of a list its first item. */
export function shapeOf(value: unknown): unknown {
  if (value === null) return "null";
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== "object") return typeof value;
  return Object.fromEntries(Object.entries(value as Json).map(([name, inner]) => [name, shapeOf(inner)]));
}

/** The rows of a search answer. */
export function rowsOf(value: unknown): Json[] {
  const { response } = value as { response: Json[] | { Attribute: Json[] } };
  return Array.isArray(response) ? response : response.Attribute;
}

/** Makes so many attributes, values counting from `from`, so that those behind get their recorded ids. */
export function fill(model: MispModel, eventId: number, count: number): void {
  const attributes = Array.from({ length: count }, (_, index) => ({
    type: "domain",
    value: `filler-${eventId}-${index}.example`,
  }));
  model.addAttributes({ eventId, attributes });
}
