import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TlsOptions } from "node:tls";
import type { ModelNotification } from "../messages/topics.ts";
import type { MispModel } from "../model.ts";
import type { RestAnswer } from "./answer.ts";
import { answerInstead } from "./failure-answer.ts";
import { createFailures, type FailureScope, type RestFailure } from "./failures.ts";
import { exampleKeys, type Narrowing, type RestKey } from "./key.ts";
import { bodyText, type ParsedRequest, parseRequest, type RestRequest } from "./request.ts";
import { respond } from "./respond.ts";
import { createSearchLimit } from "./search-limit.ts";
import { failureOf, reset, send } from "./send.ts";

/** A simulator that somebody leaves running must not grow. */
const keptRequests = 10_000;

/** How a {@link RestServer} behaves. */
export interface RestServerOptions {
  /** @default "127.0.0.1" */
  readonly host?: string;
  /** 0: any free one. @default 0 */
  readonly port?: number;
  /** @default all of {@link exampleKeys} */
  readonly keys?: readonly RestKey[];
  /** HTTPS with this certificate (and `requestCert` for clients' own). @default plain HTTP */
  readonly tls?: TlsOptions;
  /** What MISP publishes because of a request, before its answer. @default nowhere */
  readonly publish?: (notifications: readonly ModelNotification[]) => void | Promise<void>;
  /** Runs before a request is carried out: the moment for a test to change the model in the middle of a walk. */
  readonly beforeRequest?: (request: RestRequest) => void | Promise<void>;
  /** MISP's clock, whole seconds; every answer carries it as `Date`. @default the model's */
  readonly now?: () => number;
}

/** A request with what became of it. */
export interface LoggedRequest extends RestRequest {
  /** Undefined while there is no answer, and for ever if none was sent. */
  status: number | undefined;
}

/** MISP's REST API over a model. Ports and connections are real. */
export interface RestServer extends AsyncDisposable {
  /** Without a slash at the end. It stays the same while the server is down. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** What was asked, oldest first, keys included; the latest 10,000. */
  readonly requests: readonly LoggedRequest[];
  forgetRequests(): void;
  /** Switches a failure on. Several that hit one request act together; of those that answer instead of MISP the first counts. */
  fail(failure: RestFailure, scope?: FailureScope): void;
  /** Switches all failures off. A server that is down stays down. */
  heal(): void;
  /** Nothing listens any more: new connections are refused, open ones reset. */
  down(): Promise<void>;
  /** Listens again, on the same port. */
  up(): Promise<void>;
  /** Adds a key, or changes what is known of one: its role, its expiry, its user. */
  setKey(key: RestKey): void;
  revokeKey(key: string): void;
  /** Takes something away from what a key sees; undefined gives it back. */
  narrow(key: string, narrowing: Narrowing | undefined): void;
}

/** No failure that was switched on: something is wrong here, and whoever runs the test must see what. */
function defect(error: unknown): RestAnswer {
  const text = error instanceof Error ? error.stack : String(error);
  return { status: 500, headers: { "Content-Type": "text/plain" }, body: `a defect of the simulator: ${text}\n` };
}

/** Starts MISP's REST API on a model; resolves when it listens. Rejects when the port is taken. */
export async function createRestServer(model: MispModel, options: RestServerOptions = {}): Promise<RestServer> {
  const { host = "127.0.0.1", publish, beforeRequest } = options;
  const now = options.now ?? model.now;
  const keys = new Map((options.keys ?? Object.values<RestKey>(exampleKeys)).map((key) => [key.key, key]));
  const narrowings = new Map<string, Narrowing>();
  const failures = createFailures();
  const limit = createSearchLimit();
  const requests: LoggedRequest[] = [];
  const openBatches = new Set<Set<string>>();
  let server: Server | undefined;
  let port = options.port ?? 0;
  const origin = () => `${options.tls ? "https" : "http"}://${host}:${port}`;

  async function carryOut(request: ParsedRequest, hits: readonly RestFailure[], saved: Set<string>) {
    const instead = answerInstead(hits, request.url);
    if (instead) return instead;
    const trouble = {
      repeatPage: failureOf(hits, "repeat-page") !== undefined,
      lagSeconds: failureOf(hits, "lag")?.seconds ?? 0,
    };
    const unanswered = {
      has: (uuid: string) => [...openBatches].some((batch) => batch.has(uuid)),
      add: (uuid: string) => void saved.add(uuid),
    };
    const context = { model, keys, narrowings, limit, origin: origin(), now: now(), unanswered, trouble };
    const { answer, notifications } = respond(request, context);
    if (notifications.length > 0) await publish?.(notifications);
    return answer;
  }

  async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const { method = "GET", url: path = "/", headers } = message;
    const body = bodyText(Buffer.concat(chunks), headers["content-encoding"]);
    const logged: LoggedRequest = { method, path, headers, body, status: undefined };
    requests.push(logged);
    if (requests.length > keptRequests) requests.shift();
    await beforeRequest?.(logged);
    const request = parseRequest(logged);
    const hits = failures.take(request);
    if (failureOf(hits, "hang")) return;
    if (failureOf(hits, "reset")) return reset(response);
    const saved = new Set<string>();
    openBatches.add(saved);
    try {
      const answer = await carryOut(request, hits, saved).catch(defect);
      if (!failureOf(hits, "lost-answer")) logged.status = answer.status;
      // As Apache stamps it: when the answer was made, in whole seconds. Node would take the clock of this machine.
      response.setHeader("Date", new Date(now() * 1000).toUTCString());
      await send(response, answer, hits, gone.signal);
    } finally {
      openBatches.delete(saved);
    }
  }

  async function listen(): Promise<void> {
    const listener = (message: IncomingMessage, response: ServerResponse) => {
      // The other side went away, or this one does: nobody is left to tell.
      serve(message, response).catch(() => reset(response));
    };
    const started = options.tls ? createTlsServer(options.tls, listener) : createServer(listener);
    await new Promise<void>((resolve, reject) => {
      started.once("error", reject);
      started.listen(port, host, () => {
        started.off("error", reject);
        resolve();
      });
    });
    port = (started.address() as AddressInfo).port;
    server = started;
  }

  async function down(): Promise<void> {
    const stopped = server;
    server = undefined;
    if (stopped === undefined) return;
    const closed = new Promise((resolve) => stopped.close(resolve));
    stopped.closeAllConnections();
    await closed;
  }

  await listen();
  return {
    get url() {
      return origin();
    },
    host,
    get port() {
      return port;
    },
    requests,
    forgetRequests: () => void requests.splice(0),
    fail: (failure, scope = {}) => failures.add(failure, scope),
    heal: () => failures.clear(),
    down,
    up: async () => {
      if (server === undefined) await listen();
    },
    setKey: (key) => void keys.set(key.key, key),
    revokeKey: (key) => void keys.delete(key),
    narrow(key, narrowing) {
      if (narrowing) narrowings.set(key, narrowing);
      else narrowings.delete(key);
    },
    [Symbol.asyncDispose]: down,
  };
}
