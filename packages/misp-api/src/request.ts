import { setMaxListeners } from "node:events";
import { createFetch } from "ofetch";
import { type Dispatcher, fetch, Headers } from "undici";
import type { Answer } from "./answer.ts";
import { judgeAnswer, type RawAnswer } from "./judge-answer.ts";
import { MispApiError } from "./misp-api-error.ts";
import type { Settings } from "./options.ts";
import { translateError } from "./translate-error.ts";

/** Options that every request takes. */
export interface RequestOptions {
  /** Ends the request; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * One request to MISP: a GET, or a POST when there is a body. Resolves with what MISP answered when that is JSON and a success,
 * else rejects with a {@link MispApiError}.
 */
export type Send = (path: string, options?: RequestOptions & { readonly body?: object }) => Promise<Answer>;

/** Without it MISP ignores the body, and a search without filters returns everything (MISP issue 8841). */
const json = { "content-type": "application/json" };

/** Requests by ofetch, over undici's own fetch: Node 20's built-in one is an older undici, and takes no dispatcher of a newer. */
export function createSend(settings: Settings, dispatcher: Dispatcher): Send {
  const request = createFetch({
    fetch: fetch as unknown as typeof globalThis.fetch,
    Headers: Headers as unknown as typeof globalThis.Headers,
    defaults: {
      baseURL: settings.base,
      dispatcher,
      // Each would send the key on, or a sighting twice.
      redirect: "manual",
      retry: false,
      ignoreResponseError: true,
      responseType: "stream",
      headers: {
        authorization: settings.key,
        // Without it MISP redirects every request to its login page (recorded).
        accept: "application/json",
        "user-agent": "threatbus-misp",
      },
    },
  });

  return async (path, { body, signal } = {}) => {
    signal?.throwIfAborted();
    const where = `${settings.base}${path}`;
    const requestedAtMs = settings.now();
    const deadline = startDeadline(settings.timeoutMs, signal);
    let phase: "request" | "body" = "request";
    let response: Response;
    let bytes: Uint8Array;
    try {
      response = await request.raw<unknown, "stream">(path, {
        signal: deadline.signal,
        ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body), headers: json }),
      });
      phase = "body";
      bytes = await readBounded(response.body, where, settings.maxResponseBytes);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof MispApiError) throw error;
      throw translateError(error, { where, settings, phase, late: deadline.passed() });
    } finally {
      deadline.clear();
    }
    const { status, headers } = response;
    return judgeAnswer({ where, status, headers, body: parseBody(bytes, where, status), requestedAtMs }, settings);
  };
}

/**
 * By hand, and cleared after each request: Node 20 keeps what `AbortSignal.any` and `AbortSignal.timeout` made alive for as long
 * as the caller's signal lives.
 */
function startDeadline(timeoutMs: number, signal: AbortSignal | undefined) {
  const controller = new AbortController();
  let passed = false;
  const timer = setTimeout(() => {
    passed = true;
    controller.abort();
  }, timeoutMs);
  const abort = () => controller.abort();
  if (signal !== undefined) {
    // A signal for the whole program has a listener for each request under way; beyond ten Node warns of a leak.
    setMaxListeners(Number.POSITIVE_INFINITY, signal);
    signal.addEventListener("abort", abort);
  }
  return {
    signal: controller.signal,
    passed: () => passed,
    clear() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    },
  };
}

async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  where: string,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop cancels the stream, and with it the connection.
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      throw new MispApiError(
        "too-large",
        `${where}: the answer is larger than ${maxBytes} bytes; ask for less at once`,
        {
          retryable: false,
        },
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function parseBody(bytes: Uint8Array, where: string, status: number): RawAnswer["body"] {
  const text = decodeText(bytes)?.trim();
  if (text === "") return { kind: "nothing" };
  if (text === undefined || !/^[[{]/.test(text)) return { kind: "text" };
  try {
    return { kind: "json", value: JSON.parse(text) };
  } catch {
    // PHP that runs out of memory or time ends in the middle, with a status of success. A status of failure says enough.
    if (status >= 300) return { kind: "text" };
    throw new MispApiError(
      "truncated",
      `${where}: the answer is JSON that ends or breaks within its ${bytes.byteLength} bytes`,
      {
        retryable: true,
        status,
      },
    );
  }
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
