import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { createRedact, describeUnknownOption, type Redact } from "@tb/misp-core";
import { chooseProxy, type Environment } from "./choose-proxy.ts";
import { MispApiError } from "./misp-api-error.ts";

/** Where MISP is, who we are there, and how to get there. */
export interface MispApiOptions {
  /** MISP's base URL, `https://misp.example`, with a path when it is installed below one. Without user name and password. */
  readonly host: string;
  /** An authentication key of a user of MISP's. It goes out as the bare value of `Authorization`. */
  readonly key: string;
  /** Whether MISP's certificate is checked. False lets anybody in between read the key. @default true */
  readonly verifyTls?: boolean;
  /** Certificates of the authorities that MISP's is checked against, PEM, instead of the ones that Node knows. */
  readonly ca?: string;
  /** A client certificate with its chain, PEM, together with `clientKey`. */
  readonly clientCert?: string;
  /** The private key of `clientCert`, PEM, not encrypted. */
  readonly clientKey?: string;
  /** An HTTP proxy that all requests take, with user name and password in the URL if it wants them. @default what `environment` says */
  readonly proxy?: string;
  /** Variables as in `process.env`: HTTPS_PROXY, HTTP_PROXY and NO_PROXY are read, when there is no `proxy`. @default none */
  readonly environment?: Environment;
  /**
   * The longest that one request may take, from the call to the last byte of the answer, waiting for a free connection included.
   * In milliseconds, up to 2^31 - 1; neither 0 nor Infinity.
   * @default 60000
   */
  readonly timeoutMs?: number;
  /** The largest answer that is read, in bytes after decompression. What is larger fails as `too-large`. @default 134217728 (128 MiB) */
  readonly maxResponseBytes?: number;
  /** Connections at the same time; further requests wait. @default 8 */
  readonly maxConnections?: number;
  /** The time, in milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

/** {@link MispApiOptions} with nothing left open. */
export interface Settings {
  /** Origin and path, without a slash at the end. */
  readonly base: string;
  readonly key: string;
  readonly verifyTls: boolean;
  readonly ca: string | undefined;
  readonly client: { readonly cert: string; readonly key: string } | undefined;
  readonly proxy: ProxySettings | undefined;
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly maxConnections: number;
  readonly now: () => number;
  readonly redact: Redact;
}

interface ProxySettings {
  readonly url: string;
  /** The value of `Proxy-Authorization`. */
  readonly authorization: string | undefined;
}

const optionNames: readonly (keyof MispApiOptions)[] = [
  "host",
  "key",
  "verifyTls",
  "ca",
  "clientCert",
  "clientKey",
  "proxy",
  "environment",
  "timeoutMs",
  "maxResponseBytes",
  "maxConnections",
  "now",
];

/** Beyond it Node's timers fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Checks options and fills in defaults. Throws {@link MispApiError} `invalid-options`, which never quotes a secret. */
export function toSettings(options: MispApiOptions): Settings {
  const unknown = describeUnknownOption(options, optionNames);
  if (unknown !== undefined) fail(unknown);
  const host = toHost(options.host);
  const key = toKey(options.key);
  const proxy = toProxy(options.proxy ?? chooseProxy(host, options.environment ?? {}));
  return {
    base: `${host.origin}${host.pathname.replace(/\/+$/, "")}`,
    key,
    verifyTls: options.verifyTls ?? true,
    ca: options.ca === undefined ? undefined : toAuthorities(options.ca),
    client: toClient(options.clientCert, options.clientKey),
    proxy: proxy?.proxy,
    timeoutMs: bound("timeoutMs", options.timeoutMs ?? 60_000, longestTimerMs),
    maxResponseBytes: bound("maxResponseBytes", options.maxResponseBytes ?? 128 * 1024 * 1024, longestText),
    maxConnections: bound("maxConnections", options.maxConnections ?? 8, 1_000),
    now: options.now ?? Date.now,
    redact: createRedact([key, ...(proxy?.secrets ?? [])]),
  };
}

/** V8 holds no longer string. */
const longestText = 2 ** 29 - 24;

function toHost(text: string): URL {
  const host = parseUrl(text);
  if (host === undefined || !/^https?:$/.test(host.protocol)) {
    return fail("host must be MISP's base URL, such as https://misp.example");
  }
  // Basic authentication and the key would need the same header.
  if (host.username !== "" || host.password !== "") {
    return fail("host must not have a user name or password in it: MISP knows us by the key alone");
  }
  if (host.search !== "" || host.hash !== "") return fail("host must not have a ? or # in it");
  return host;
}

function toKey(key: unknown): string {
  if (typeof key !== "string" || key === "") return fail("key must be an authentication key of MISP's");
  // Node quotes a header that it cannot send, and with it the key.
  if (!/^[\x21-\x7e]+$/.test(key)) return fail("key has a space, a line break or a character in it that no key has");
  return key;
}

function toProxy(
  text: string | undefined,
): { readonly proxy: ProxySettings; readonly secrets: readonly string[] } | undefined {
  if (text === undefined) return undefined;
  const url = parseUrl(text);
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname.length > 1 || url.search !== "") {
    return fail("the proxy (or HTTPS_PROXY) must be an HTTP proxy's URL, such as http://proxy.example:3128");
  }
  if (url.username === "" && url.password === "") {
    return { proxy: { url: url.origin, authorization: undefined }, secrets: [] };
  }
  const [username, password] = [decode(url.username), decode(url.password)];
  const credentials = Buffer.from(`${username}:${password}`).toString("base64");
  return {
    proxy: { url: url.origin, authorization: `Basic ${credentials}` },
    secrets: [password, url.password, credentials],
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function toAuthorities(pem: string): string {
  const blocks =
    typeof pem === "string" ? (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []) : [];
  // Node takes text without a certificate in it for an empty list, and then trusts nobody.
  if (blocks.length === 0) return fail("ca holds no certificate; expected PEM text with -----BEGIN CERTIFICATE-----");
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch {
      return fail(`certificate ${index + 1} in ca cannot be read`);
    }
  }
  return blocks.join("\n");
}

function toClient(cert: string | undefined, key: string | undefined): Settings["client"] {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined)
    return fail("clientCert and clientKey belong together: set both or neither");
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    // OpenSSL names the trouble by a code and never quotes the key.
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    return fail(`clientCert and clientKey must be PEM, belong to each other, and the key must not be encrypted${code}`);
  }
  return { cert, key };
}

function parseUrl(text: unknown): URL | undefined {
  return typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
}

function bound(name: string, value: number, highest: number): number {
  if (Number.isInteger(value) && value > 0 && value <= highest) return value;
  return fail(`${name} is ${value}; expected a whole number from 1 to ${highest}`);
}

function fail(message: string): never {
  throw new MispApiError("invalid-options", message, { retryable: false });
}
