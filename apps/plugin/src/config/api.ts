import { checkMispApiOptions, type MispApiOptionProblem, type MispApiOptions } from "@tb/misp-api";
import { z } from "zod";
import { duration } from "./duration.ts";
import { readNamedFile } from "./named-file.ts";
import type { Report } from "./report.ts";
import { text, verbatim } from "./scalars.ts";
import { asMapping, type ConfigPath } from "./tree.ts";

/** Node's timers hold no more milliseconds than fit into 31 bits. */
const longestTimeoutSeconds = (2 ** 31 - 1) / 1000;

export const apiSchema = z.strictObject({
  host: z
    .url({ protocol: /^https?$/, error: "expected MISP's URL, such as https://misp.example" })
    .describe("MISP's URL. Links in indicators lead there too."),
  ssl: z.boolean().default(true).describe("Verify MISP's certificate."),
  key: verbatim.optional().describe("An API key."),
  key_file: text.optional().describe("A file that holds the API key."),
  ca_file: text.optional().describe("Certificates of a private authority, PEM, instead of the known ones."),
  client_cert: text.optional().describe("A file with a client certificate and its chain, PEM."),
  client_key: text.optional().describe("A file with the private key of client_cert, PEM, not encrypted."),
  proxy: text.optional().describe("An HTTP proxy's URL. Absent: what HTTPS_PROXY and NO_PROXY say."),
  timeout: duration
    .refine((seconds) => seconds <= longestTimeoutSeconds, { error: "expected a time of at most 24 days" })
    .optional()
    .describe("For one request: seconds, or a text such as 30s."),
});

/** How to reach MISP's REST API: options for `createMispApi`, once there is a key. */
export interface ApiConfig
  extends Pick<MispApiOptions, "host" | "ca" | "clientCert" | "clientKey" | "proxy" | "timeoutMs"> {
  /** Without it only the links in indicators use `host`. */
  readonly key?: string;
  readonly verifyTls: boolean;
}

export interface ApiSection {
  /** The section with its secrets in their places. */
  readonly raw: unknown;
  readonly path: ConfigPath;
  /** What files are relative to. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly report: Report;
}

/**
 * The section `api`, with its files read. Reports what keeps a client from being made of it, and warns about what makes it unsafe
 * or useless. Undefined when its shape is wrong, which the schema of the whole file reports.
 */
export function readApi({ raw, path, folder, environment, report }: ApiSection): ApiConfig | undefined {
  const section = asMapping(raw);
  const read = (key: string) => {
    const file = section[key];
    if (typeof file !== "string" || file === "") return undefined;
    return readNamedFile(file, { place: [...path, key], folder, report });
  };
  const [ca, clientCert, clientKey] = [read("ca_file"), read("client_cert"), read("client_key")];
  if ("client_cert" in section !== "client_key" in section) {
    report.problem(path, "client_cert and client_key belong together", "set both or neither");
  }
  const parsed = apiSchema.safeParse(raw);
  if (!parsed.success) return undefined;
  const { host, key, ssl, proxy, timeout } = parsed.data;

  const optional = {
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
    // One without the other has been reported.
    ...(clientCert === undefined || clientKey === undefined ? {} : { clientCert, clientKey }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(timeout === undefined ? {} : { timeoutMs: Math.max(1, Math.round(timeout * 1000)) }),
  };
  const url = new URL(host);
  const hasUserInformation = url.username !== "" || url.password !== "";
  url.username = "";
  url.password = "";
  const asked = { ...optional, host: url.href, ...(key === undefined ? {} : { environment }) };
  for (const { option, detail } of checkMispApiOptions(asked)) {
    const setting = settingOf(option, section);
    report.problem(
      setting === undefined ? path : [...path, setting],
      detail.replace(/\b(ca|client[CK]\w+)\b/g, inOurs),
    );
  }

  if (hasUserInformation) {
    report.warn([...path, "host"], "its user name and password are not used: MISP knows this program by the key alone");
  }
  if (key === undefined) {
    report.warn(
      path,
      "has no key, so nothing can be asked of MISP: no sighting goes there, and nothing heals what its stream loses; set key or key_file",
    );
  } else if (url.protocol === "http:" && (proxy !== undefined || !isLoopback(url.hostname))) {
    report.warn(
      [...path, "host"],
      "the key goes over plain http://, where anybody in between can read it; use https://",
    );
  }
  if (!ssl && url.protocol === "https:") {
    const instead = ca === undefined ? "for a private authority set ca_file instead" : "ca_file is not used then";
    report.warn(
      [...path, "ssl"],
      `MISP's certificate is not verified, so anybody in between can read the key and change what MISP says; ${instead}`,
    );
  }
  return { host: toBaseUrl(url), verifyTls: ssl, ...optional };
}

/** Where in the section an option of the client comes from; undefined: from the environment. */
function settingOf(option: MispApiOptionProblem["option"], section: object): string | undefined {
  switch (option) {
    case "key":
      return "key_file" in section ? "key_file" : "key";
    case "ca":
      return "ca_file";
    case "clientCert":
    case "clientKey":
      return "client_cert";
    case "environment":
      return undefined;
    case "timeoutMs":
      return "timeout";
    default:
      return option;
  }
}

/** The client's options by the names of the settings. */
function inOurs(option: string): string {
  return { ca: "ca_file", clientCert: "client_cert", clientKey: "client_key" }[option] ?? option;
}

/** What never leaves the machine. */
function isLoopback(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost\.?|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Without what a base has no use for, and without a slash at the end, so that paths can follow. */
function toBaseUrl(url: URL): string {
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}
