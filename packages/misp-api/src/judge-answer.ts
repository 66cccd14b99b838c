import { type Answer, describeAnswer } from "./answer.ts";
import { MispApiError, type MispApiErrorCode } from "./misp-api-error.ts";
import type { Settings } from "./options.ts";
import { readRetryAt } from "./retry-at.ts";

/** What came back, before anybody looked at its status. */
export interface RawAnswer {
  readonly where: string;
  readonly status: number;
  readonly headers: Headers;
  /** `text`: no JSON. `nothing`: an empty body. */
  readonly body: { readonly kind: "json"; readonly value: unknown } | { readonly kind: "text" | "nothing" };
  readonly requestedAtMs: number;
}

/** MISP's words for a key that it does not accept, all of them with status 403. */
const keyNotAccepted = /^Authentication failed|^Auth key is expired|use this Auth key from your IP/i;

/**
 * An answer with a status of success, as JSON; everything else throws. What MISP means by which status is recorded: 403 both for
 * a bad key and for a role that may not, 405 for broken input, for what is not visible and for roles that may not search.
 */
export function judgeAnswer(raw: RawAnswer, settings: Settings): Answer {
  const { where, status, headers, body, requestedAtMs } = raw;
  const said = body.kind === "json" ? describeAnswer(body.value, settings.redact) : "";
  const saying = said === "" ? "" : `: ${said}`;
  const retryAtMs = readRetryAt(headers, settings.now());
  // MISP answers in JSON, so whoever answers otherwise stands before it.
  const whose = body.kind === "text" ? ", with a text that is not MISP's but of something before it" : "";
  const make = (code: MispApiErrorCode, retryable: boolean, what: string) =>
    new MispApiError(code, `${where}: ${what}`, {
      retryable,
      status,
      ...(retryAtMs === undefined ? {} : { retryAtMs }),
    });

  if (status >= 300 && status < 400) throw make("redirect", false, describeRedirect(raw, settings));
  if (status === 401 || (status === 403 && keyNotAccepted.test(said))) {
    throw make("unauthorized", false, `the key is not accepted${whose}${saying}`);
  }
  if (status === 403) throw make("forbidden", false, `not allowed with this key${whose}${saying}`);
  if (status === 404) throw make("not-found", false, `not found${whose}${saying}; is host right?`);
  if (status === 429) {
    const wait = retryAtMs === undefined ? "" : `, until ${new Date(retryAtMs).toISOString()}`;
    throw make("rate-limited", true, `too many requests${wait}${whose}${saying}`);
  }
  if (status === 405 && /API searches are not allowed/i.test(said)) {
    throw make(
      "searches-not-allowed",
      false,
      `the key's role may not search; allow it in MISP's role settings${saying}`,
    );
  }
  if (status >= 500) throw make("server-error", true, `status ${status}${whose}${saying}`);
  if (status >= 400) throw make("refused", false, `status ${status}${whose}${saying}`);
  if (body.kind !== "json") {
    const type = headers.get("content-type") ?? "";
    const what =
      body.kind === "nothing" ? "an empty answer" : `an answer that is no JSON (${settings.redact(type) || "no type"})`;
    throw make("not-json", true, `${what}; is there a proxy or a login page in between?`);
  }
  return { status, headers, body: body.value, said, requestedAtMs };
}

function describeRedirect({ headers }: RawAnswer, { redact, base }: Settings): string {
  const location = headers.get("location") ?? "";
  const target = URL.canParse(location, base) ? new URL(location, base) : undefined;
  if (target === undefined) return "a redirect to nowhere, which is not followed";
  // Queries of login pages carry tokens.
  const to = redact(`${target.origin}${target.pathname}`);
  const hint = /\/users\/login\b/.test(target.pathname)
    ? "that is MISP's login page, so what stands before MISP takes away our headers"
    : "set host to where MISP itself answers";
  return `a redirect to ${to} is not followed, since it would carry the key there; ${hint}`;
}
