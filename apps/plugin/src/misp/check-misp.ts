import { setTimeout as sleep } from "node:timers/promises";
import { createMispApi, type MispApi, MispApiError } from "@tb/misp-api";
import type { Backoff } from "@tb/misp-sightings";
import type { Config } from "../config/schema.ts";
import { describeMisp, type UsableMisp } from "./describe-misp.ts";
import { isRefusal, pauseMs } from "./pause.ts";

export interface MispCheckOptions {
  readonly signal: AbortSignal;
  readonly say: (level: "info" | "warn" | "error", text: string) => void;
  /** Called at most once: MISP answers and takes the key, and what the key lacks has been said. */
  readonly onUsable: (misp: UsableMisp) => void;
  /** Between tries; doubled from one to the next, with jitter. @default 1 s, up to 60 s */
  readonly backoff?: Backoff;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  /** Resolves after so many milliseconds, or when the signal aborts. @default a timer */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** How a check ended. `refused`: MISP does not take the key, and is not asked again. */
export type MispCheckOutcome = "without-api" | "usable" | "refused" | "stopped";

/** MISP's REST API as configured; undefined without a key, since then nothing can be asked. Opens nothing. */
export function openMispApi(
  api: Config["api"],
  environment: Readonly<Record<string, string | undefined>>,
): MispApi | undefined {
  if (api?.key === undefined) return undefined;
  return createMispApi({ ...api, key: api.key, environment });
}

/**
 * Asks MISP at start who we are there, and says in one line each what is missing. While MISP is down it says so once for each
 * reason and asks again by itself, so the program need not wait for it. What refuses the key is final: each further request would
 * be one more failed login in somebody's log. Rejects only with what `say`, `onUsable` or `wait` throw.
 */
export async function checkMisp(
  api: Pick<MispApi, "version" | "ownUser"> | undefined,
  options: MispCheckOptions,
): Promise<MispCheckOutcome> {
  const { signal, say, onUsable, backoff = { initialMs: 1_000, maxMs: 60_000 } } = options;
  const { random = Math.random, now = Date.now, wait = waitFor } = options;
  if (api === undefined) {
    say(
      "info",
      "without MISP's API no sighting goes to MISP, and nothing heals what MISP's stream loses; set api with a key for both",
    );
    return "without-api";
  }
  const beganAtMs = now();
  const saidCodes = new Set<string>();
  for (let tries = 1; !signal.aborted; tries++) {
    const asked = await identify(api, signal);
    if (signal.aborted) break;
    if (asked.ok) {
      if (tries > 1) say("info", `MISP answers, ${Math.round((now() - beganAtMs) / 1000)} s after it was first asked`);
      for (const { level, text } of describeMisp(asked.misp, now())) say(level, text);
      if (asked.doubt !== undefined) say("warn", `MISP takes the key and does not say whose it is: ${asked.doubt}`);
      onUsable(asked.misp);
      return "usable";
    }
    const { code, text, retryable, retryAtMs } = asked;
    if (code === "closed") break;
    if (isRefusal(code)) {
      const ending =
        "it is not asked again until the program is started anew, with another key or after this was mended";
      say("error", `MISP cannot be used: ${text}; ${ending}`);
      return "refused";
    }
    if (!saidCodes.has(code)) {
      saidCodes.add(code);
      say(
        retryable ? "warn" : "error",
        `MISP cannot be used yet: ${text}; the program goes on without it and asks again by itself`,
      );
    }
    await wait(pauseMs({ retryable, retryAtMs }, tries, backoff, { nowMs: now(), random }), signal);
  }
  return "stopped";
}

/** What says something about the question, where another one has just been answered with the same key. */
const ofQuestion: ReadonlySet<string> = new Set(["forbidden", "not-found", "refused", "unexpected-answer"]);

type Identified =
  | { readonly ok: true; readonly misp: UsableMisp; readonly doubt?: string }
  | {
      readonly ok: false;
      readonly code: string;
      readonly text: string;
      readonly retryable: boolean;
      readonly retryAtMs?: number | undefined;
    };

async function identify(api: Pick<MispApi, "version" | "ownUser">, signal: AbortSignal): Promise<Identified> {
  try {
    const version = await api.version({ signal });
    try {
      return { ok: true, misp: { version, user: await api.ownUser({ signal }) } };
    } catch (error) {
      if (!(error instanceof MispApiError) || !ofQuestion.has(error.code)) throw error;
      return { ok: true, misp: { version, user: undefined }, doubt: error.message };
    }
  } catch (error) {
    if (error instanceof MispApiError) {
      const { code, message: text, retryable, retryAtMs } = error;
      return { ok: false, code, text, retryable, retryAtMs };
    }
    return {
      ok: false,
      code: "defect",
      text: error instanceof Error ? error.message : String(error),
      retryable: false,
    };
  }
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  // Rejects only when the signal aborts, and then there is nothing to wait for.
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
