import type { Filter } from "@tb/misp-core";
import { z } from "zod";
import type { LogOptions } from "../log/log.ts";
import { type ApiConfig, apiSchema } from "./api.ts";
import { duration, durationOrNone } from "./duration.ts";
import { type GatesConfig, gatesShape } from "./gates.ts";
import { port, text, verbatim } from "./scalars.ts";
import { type SightingsConfig, sightingsSchema } from "./sightings.ts";
import type { ConfigPath } from "./tree.ts";

/** Threat Bus' names for what is worth a line. */
const verbosity = z.enum(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]);

const loggingSchema = z
  .strictObject({
    console: z.boolean().default(true).describe("Write the log to standard error."),
    console_verbosity: verbosity.default("INFO"),
    file: z.boolean().default(false).describe("Append the log to a file, as JSON lines."),
    file_verbosity: verbosity.default("INFO"),
    filename: text.default("threatbus-misp.log").describe("Relative to the configuration file."),
  })
  .prefault({});

const zmqSchema = z.strictObject({
  host: text.default("localhost").describe("Where MISP publishes (its Plugin.ZeroMQ_host, as seen from here)."),
  port: port.default(50_000).describe("MISP's Plugin.ZeroMQ_port."),
  username: verbatim.optional().describe("MISP's Plugin.ZeroMQ_username."),
  password: verbatim.optional().describe("MISP's Plugin.ZeroMQ_password."),
  password_file: text.optional().describe("A file that holds the password."),
});

const kafkaSchema = z.strictObject({
  topics: z.union([z.array(text).min(1), text.transform((topic) => [topic])], {
    error: "expected a list of topic names",
  }),
  poll_interval: duration.default(1).describe("The longest wait for a batch: seconds, or a text such as 500ms."),
  config: z.record(z.string(), z.unknown()).describe("Properties of librdkafka, passed on unchanged."),
});

const reconcileSchema = z
  .strictObject({
    interval: durationOrNone
      .default(300)
      .describe(
        "How often the index is compared with MISP besides: seconds, or a text such as 5m. 0: only with a reason.",
      ),
  })
  .prefault({});

const mispSchema = z.strictObject({
  api: apiSchema.optional(),
  // Read by misp-core, which knows what its parts mean together; the shape here is for editors.
  filter: z
    .unknown()
    .optional()
    .meta({
      description: "What may pass: see the README. Absent: everything.",
      oneOf: [{ $ref: "#/$defs/filterItems" }, { $ref: "#/$defs/filterItem" }, { $ref: "#/$defs/filterAny" }],
    }),
  ...gatesShape,
  reconcile: reconcileSchema,
  sightings: sightingsSchema,
  zmq: zmqSchema.optional(),
  kafka: kafkaSchema.optional(),
});

const hostSchema = z.strictObject({
  host: text.default("127.0.0.1"),
  manage: port.default(13_370),
  pub: port.default(13_371),
  sub: port.default(13_372),
});

const endpointError = "expected host:port, such as localhost:13370";

const stateSchema = z
  .strictObject({ path: text.optional().describe("The folder for the index. Relative to the configuration file.") })
  .prefault({});

/**
 * The file as a whole. What belongs to other plugins is let through here and warned about when it is loaded; sections of our own
 * are strict. Threat Bus had plugins directly under `plugins` until 2021.8: both layouts are read.
 */
export const fileSchema = z.looseObject({
  logging: loggingSchema,
  plugins: z.looseObject({
    apps: z.looseObject({ misp: mispSchema.optional(), zmq: hostSchema.optional() }).optional(),
    misp: mispSchema.optional(),
    zmq: hostSchema.optional(),
  }),
  threatbus: z
    .string()
    .regex(/^(?:[^\s:[\]]+|\[[0-9a-f:]+\]):\d{1,5}$/i, { error: endpointError })
    .refine((endpoint) => port.safeParse(Number(endpoint.slice(endpoint.lastIndexOf(":") + 1))).success, {
      error: endpointError,
    })
    .optional()
    .describe("A Threat Bus to join: host:port of its management endpoint."),
  state: stateSchema,
});

export type ConfigFile = z.output<typeof fileSchema>;

/** The keys that the section at a path knows. */
export function knownKeys(path: ConfigPath): readonly string[] {
  const schema = path.reduce<unknown>((s, part) => shapeOf(s)[String(part)], fileSchema);
  return Object.keys(shapeOf(schema));
}

/** The keys of a mapping's schema, within `optional` and `default`. */
function shapeOf(schema: unknown): Readonly<Record<string, unknown>> {
  let inner = schema as { def?: { innerType?: unknown }; shape?: Record<string, unknown> } | undefined;
  while (inner?.def?.innerType !== undefined) inner = inner.def.innerType as typeof inner;
  return inner?.shape ?? {};
}

/** The configuration with all that the program needs to know, nothing left open. */
export interface Config {
  readonly source:
    | {
        readonly kind: "zmq";
        readonly host: string;
        readonly port: number;
        readonly username?: string;
        readonly password?: string;
      }
    | {
        readonly kind: "kafka";
        readonly topics: readonly string[];
        readonly pollIntervalMs: number;
        readonly config: Readonly<Record<string, unknown>>;
      };
  /** Where STIX objects go, and sightings come from. */
  readonly bus:
    | { readonly kind: "ndjson" }
    | {
        readonly kind: "host";
        readonly host: string;
        readonly manage: number;
        readonly pub: number;
        readonly sub: number;
      }
    | { readonly kind: "join"; readonly host: string; readonly port: number };
  readonly filter: Filter;
  /** The filter as an expression, for a person. */
  readonly filterText: string;
  readonly gates: GatesConfig;
  /** MISP's URL without a trailing slash and without user information; absent: unknown. */
  readonly baseUrl?: string;
  /** Absent: MISP cannot be asked anything. */
  readonly api?: ApiConfig;
  readonly reconcile: {
    /** 0: only with a reason. */
    readonly intervalMs: number;
  };
  readonly sightings: SightingsConfig;
  /** Absolute. */
  readonly statePath: string;
  readonly logging: Pick<LogOptions, "console" | "file">;
  /** What must never be shown, wherever it came from. */
  readonly secrets: readonly string[];
}

/** One value, or a list with at least one. */
const oneOrMore = (value: object) => ({ anyOf: [value, { type: "array", minItems: 1, items: value }] });
const filterKeys = {
  orgs: oneOrMore({ type: ["string", "integer"] }),
  types: oneOrMore({ type: "string" }),
  tags: oneOrMore({ type: "string" }),
};

/** A JSON Schema of the file, for editors. */
export function jsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(fileSchema, { io: "input", unrepresentable: "any" });
  return {
    ...schema,
    title: "threatbus-misp",
    $defs: {
      ...(schema["$defs"] as object | undefined),
      filterItem: { type: "object", minProperties: 1, additionalProperties: false, properties: filterKeys },
      filterItems: { type: "array", minItems: 1, items: { $ref: "#/$defs/filterItem" } },
      filterAny: {
        type: "object",
        required: ["any"],
        additionalProperties: false,
        properties: { any: { $ref: "#/$defs/filterItems" } },
      },
    },
  };
}
