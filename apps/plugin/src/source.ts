import type { Source, StoreMeta } from "@tb/misp-core";
import type { Config } from "./config/schema.ts";
import { loadSource } from "./load-optional.ts";

/** How to open the configured source, or what is wrong with the installation or its options, and what to do about it. */
export type PreparedSource =
  | {
      readonly ok: true;
      /** Connects at once. `index`: of the store, since a source may have to know what was read before. */
      open(index: Pick<StoreMeta, "observedAtMs">): Source;
    }
  | { readonly ok: false; readonly text: string };

/**
 * Loads the transport's package and has it look at the options: the first thing that can be missing. Opens nothing.
 *
 * @param withSightings MISP's notifications of sightings are wanted, too; over Kafka they are a topic of the user's
 */
export async function prepareSource(source: Config["source"], withSightings = false): Promise<PreparedSource> {
  if (source.kind === "kafka") {
    const { kind, ...options } = source;
    const loaded = await loadSource(kind);
    if (!loaded.ok) return loaded;
    const { checkKafkaOptions, createKafkaSource, KafkaSourceError } = loaded.module;
    try {
      checkKafkaOptions(options);
    } catch (error) {
      if (error instanceof KafkaSourceError) return { ok: false, text: `kafka: ${error.message}` };
      throw error;
    }
    // An index that has never taken anything in has to begin where the broker does, whatever its group read before.
    return {
      ok: true,
      open: ({ observedAtMs }) => createKafkaSource({ ...options, fromBeginning: observedAtMs === 0 }),
    };
  }
  const { kind, ...options } = source;
  const loaded = await loadSource(kind);
  if (!loaded.ok) return loaded;
  const { createZmqSource, defaultTopics } = loaded.module;
  const topics = withSightings ? [...defaultTopics, "misp_json_sighting"] : defaultTopics;
  return {
    ok: true,
    open: ({ observedAtMs }) => createZmqSource({ topics, ...options, observedAfterMs: observedAtMs }),
  };
}

/** Whether a source stopped because its configuration showed to be wrong when it was used: a person has to mend it first. */
export function isRefusedConfig(error: unknown): boolean {
  return (
    error instanceof Error && error.name === "KafkaSourceError" && "code" in error && error.code === "invalid_config"
  );
}
