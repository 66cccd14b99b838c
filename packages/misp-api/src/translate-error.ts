import { MispApiError, type MispApiErrorCode } from "./misp-api-error.ts";
import type { Settings } from "./options.ts";

/** Where a request was when it failed. */
export interface Failure {
  /** The URL that was asked, without secrets. */
  readonly where: string;
  readonly settings: Settings;
  /** `body`: the status had arrived, so what failed is the reading of the answer. */
  readonly phase: "request" | "body";
  /** Our deadline has passed. */
  readonly late: boolean;
}

/**
 * Puts into our words what undici, Node and OpenSSL say when a request brings no answer; the only place that knows their codes.
 * Pinned by `connection.test.ts`, `tls.test.ts`, `proxy.test.ts` and `broken-answers.test.ts`.
 */
export function translateError(error: unknown, failure: Failure): MispApiError {
  const { settings, where, late } = failure;
  const root = findRoot(error);
  const code = codeOf(root);
  const proxy = settings.proxy === undefined ? "" : ` through the proxy ${settings.proxy.url}`;
  const make = (ours: MispApiErrorCode, retryable: boolean, what: string) =>
    new MispApiError(ours, `${where}: ${what}`, { retryable, cause: toCause(root, settings) });

  if (late) return make("timeout", true, `no complete answer within ${settings.timeoutMs} ms${proxy}`);
  if (code === "UND_ERR_DESTROYED" || code === "UND_ERR_CLOSED") {
    return make("closed", false, "the client was disposed of");
  }
  if (failure.phase === "body") {
    return make("truncated", true, `the answer broke off${proxy}: ${inWords(root, settings)}`);
  }
  const refusal = /^Proxy response \((\d+)\)/.exec(root.message)?.[1];
  if (refusal !== undefined) {
    const why = refusal === "407" ? "it wants another user name and password" : `it answers ${refusal}`;
    return make("proxy", refusal !== "407" && refusal !== "403", `no way${proxy}: ${why}`);
  }
  if (unknownAuthority.has(code)) {
    const hint =
      settings.ca === undefined
        ? "if MISP uses a private one, give its certificate (ca_file)"
        : "the certificates in ca_file do not include it, and they replace the ones known by default";
    return make(
      "unknown-ca",
      false,
      `MISP's certificate comes from an authority that is not known here${proxy}; ${hint}`,
    );
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "UND_ERR_PRX_TLS") {
    return make("tls", false, `the certificate is for another name${proxy}; host must be the name that is in it`);
  }
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return make("tls", true, `the certificate is not valid at this time${proxy}; renew it, or set the clock`);
  }
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG") {
    return make("tls", false, `what answers there does not speak TLS${proxy}; is it http:// instead?`);
  }
  if (wantsClientCertificate.test(code)) {
    return make("tls", false, `MISP refuses the connection${proxy}; ${clientCertificateHint(settings)} (${code})`);
  }
  if (/^(?:ERR_SSL|ERR_TLS|CERT_)/.test(code) || code === "EPROTO") {
    return make("tls", false, `no encrypted connection${proxy}: ${inWords(root, settings)}`);
  }
  if (code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT" || code === "UND_ERR_HEADERS_TIMEOUT") {
    return make("timeout", true, `no connection in time${proxy}; is there a firewall in between?`);
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return make("unreachable", true, `the name does not resolve${proxy} (${code})`);
  }
  if (code === "UND_ERR_SOCKET" || code === "ECONNRESET" || code === "EPIPE") {
    // With TLS 1.3 a client certificate is judged after the handshake, and undici may see the end before the alert.
    const hint = where.startsWith("https:") ? `; ${clientCertificateHint(settings)}` : "";
    return make("unreachable", true, `the connection was closed without an answer${proxy} (${code})${hint}`);
  }
  if (code === "ECONNREFUSED") return make("unreachable", true, `nothing listens there${proxy}`);
  if (root.message === "bad port") {
    // The fetch standard's list of ports that belong to other protocols, such as 6000 and 10080.
    return make(
      "unreachable",
      false,
      "web clients must not use this port; let MISP, or what stands before it, take another",
    );
  }
  if (code.startsWith("HPE_")) {
    const other = where.startsWith("http://") ? "; is it https:// instead?" : "";
    return make("unreachable", true, `what answers there is no web server${proxy} (${code})${other}`);
  }
  return make("unreachable", true, `no answer${proxy}: ${inWords(root, settings)}`);
}

const unknownAuthority: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** The alerts that servers send for a client certificate that is missing or that they do not accept. */
const wantsClientCertificate =
  /^ERR_SSL_.*ALERT_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE)$/;

function clientCertificateHint({ client }: Settings): string {
  return client === undefined
    ? "it may want a client certificate (client_cert, client_key)"
    : "it may not accept the client certificate (client_cert)";
}

/** The innermost error: ofetch's holds the request with the key in its headers, fetch's says only "fetch failed". */
function findRoot(error: unknown): Error {
  let current: unknown = error;
  for (let depth = 0; depth < 10; depth++) {
    if (current instanceof AggregateError && current.errors.length > 0) current = current.errors.at(-1);
    else if (current instanceof Error && current.cause instanceof Error) current = current.cause;
    else break;
  }
  return current instanceof Error ? current : new Error(String(current));
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

function inWords(error: Error, { redact }: Settings): string {
  const code = codeOf(error);
  return `${redact(error.message).replace(/\s+/g, " ").slice(0, 300)}${code === "" ? "" : ` (${code})`}`;
}

/** A copy: the original may carry the request's headers, and with them the key, wherever a logger looks. */
function toCause(error: Error, { redact }: Settings): Error {
  const cause = new Error(redact(error.message));
  cause.name = error.name;
  if (error.stack !== undefined) cause.stack = redact(error.stack);
  return codeOf(error) === "" ? cause : Object.assign(cause, { code: codeOf(error) });
}
