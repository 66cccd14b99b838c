import { randomUUID } from "node:crypto";
import type { Source } from "@tb/misp-core";
import type { Config } from "../config/schema.ts";
import { loadSource } from "../load-optional.ts";
import { prepareSource } from "../source.ts";

/** How to listen to what the configured source gets, without being that source. */
export type TapSource =
  | {
      readonly ok: true;
      open(): Source;
      /** Where the publisher says that it is alive, if it does; nothing else does so on this topic. */
      readonly lifeTopic?: string;
    }
  | { readonly ok: false; readonly text: string };

/**
 * MISP's publisher says so here, ten seconds after the last message on any topic. Nothing for longer than that can mean that
 * topics which are not listened to have messages.
 */
const lifeTopic = "misp_json_self";

/** Loads the package of the configured source, has it look at the options, and opens nothing. */
export async function prepareTapSource(source: Config["source"]): Promise<TapSource> {
  if (source.kind === "kafka") {
    const prepared = await prepareSource({ ...source, config: toThrowAwayGroup(source.config) });
    // As if something had been read before: an empty index would want the topics from their beginning.
    return prepared.ok ? { ok: true, open: () => prepared.open({ observedAtMs: 1 }) } : prepared;
  }
  const loaded = await loadSource("zmq");
  if (!loaded.ok) return loaded;
  const { createZmqSource, defaultTopics } = loaded.module;
  const { kind: _, ...options } = source;
  // A subscription of its own: MISP's publisher serves any number, and none takes anything from another.
  return { ok: true, open: () => createZmqSource({ ...options, topics: [...defaultTopics, lifeTopic] }), lifeTopic };
}

type KafkaConfig = Extract<Config["source"], { readonly kind: "kafka" }>["config"];

/**
 * The user's librdkafka properties, in a group that nobody else is in and that begins at the newest records: it takes no partition
 * and no offset from the program. Nothing is acknowledged, so it never has offsets, and the broker forgets it when it leaves.
 * The user's group stands in front, for brokers that allow groups by prefix.
 */
export function toThrowAwayGroup(config: KafkaConfig): KafkaConfig {
  const group = typeof config["group.id"] === "string" ? config["group.id"] : "threatbus-misp";
  // A static member would be one over restarts, and this one has none.
  const { "group.instance.id": _, ...rest } = config;
  return { ...rest, "group.id": `${group}-tap-${randomUUID()}`, "auto.offset.reset": "latest" };
}
