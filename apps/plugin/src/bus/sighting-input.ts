import type { Readable } from "node:stream";
import type { SightingDelivery } from "@tb/misp-core";
import { createLineReader, type Line } from "./lines.ts";
import type { Supply } from "./pull.ts";

/** Why something on the input was left out. `input_failed`: the input itself broke, and nothing more comes from it. */
export type SightingRefusal = "invalid_json" | "not_an_object" | "too_long" | "invalid_utf8" | "input_failed";

export interface SightingInputOptions {
  readonly input: Readable;
  /** The longest line that is read, in bytes. */
  readonly maxLineBytes: number;
  readonly onRefused: (reason: SightingRefusal, detail: string) => void;
}

/**
 * Sightings from a stream of NDJSON, read a chunk at a time and only while someone waits for one: without a reader the stream is
 * not touched. Readers that follow each other go on where the last one stopped. `ack` does nothing: a pipe cannot be asked again.
 */
export function createSightingInput({
  input,
  maxLineBytes,
  onRefused,
}: SightingInputOptions): Supply<SightingDelivery> {
  const lines = createLineReader({ maxBytes: maxLineBytes });
  const sightings: SightingDelivery[] = [];
  let ended = false;

  const add = (read: readonly Line[]) => {
    for (const line of read) {
      const parsed = line.ok ? parseSighting(line.number, line.text) : line;
      if (parsed.ok) sightings.push({ sighting: parsed.sighting, ack: () => {} });
      else onRefused(parsed.reason, parsed.detail);
    }
  };
  const end = () => {
    if (ended) return;
    ended = true;
    add(lines.end());
  };

  return {
    take() {
      const sighting = sightings.shift();
      if (sighting === undefined && !ended) input.resume();
      return sighting;
    },
    over: () => ended,
    subscribe(wake) {
      const onData = (chunk: Uint8Array | string) => {
        input.pause();
        add(lines.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk));
        wake();
      };
      const onEnd = () => {
        end();
        wake();
      };
      const onError = (error: Error) => {
        onRefused("input_failed", `reading sightings stopped: ${error.message}`);
        onEnd();
      };
      if (input.readableEnded || input.destroyed) end();
      input.on("data", onData).on("end", onEnd).on("close", onEnd).on("error", onError);
      return () => {
        input.off("data", onData).off("end", onEnd).off("close", onEnd).off("error", onError);
        // Standard input lets go of its descriptor, and so of the process, only on a `pause` event. A stream that was
        // paused while it handed over a chunk has begun to read ahead since, and emits none (`test/ndjson-bus.test.ts`
        // pins it). Nothing flows in between: `pause` takes effect first.
        input.resume().pause();
      };
    },
  };
}

function parseSighting(number: number, text: string) {
  let sighting: unknown;
  try {
    sighting = JSON.parse(text);
  } catch (error) {
    const detail = `line ${number} is not JSON: ${error instanceof Error ? error.message : error}`;
    return { ok: false, reason: "invalid_json", detail } as const;
  }
  if (typeof sighting === "object" && sighting !== null && !Array.isArray(sighting)) {
    return { ok: true, sighting } as const;
  }
  return { ok: false, reason: "not_an_object", detail: `line ${number} is JSON, but not an object` } as const;
}
