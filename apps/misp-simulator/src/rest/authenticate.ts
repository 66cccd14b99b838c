import { type RestAnswer, refusal } from "./answer.ts";
import type { RestKey } from "./key.ts";
import type { ParsedRequest } from "./request.ts";

const failed = "Authentication failed.";
const passTheKey = `${failed} Please make sure you pass the API key of an API enabled user along in the Authorization header.`;

/** Who asks, or MISP's answer to someone it does not know: 403 in every case, never 401. */
export function authenticate(
  request: ParsedRequest,
  keys: ReadonlyMap<string, RestKey>,
  now: number,
): { readonly ok: true; readonly key: RestKey } | { readonly ok: false; readonly answer: RestAnswer } {
  const refuse = (message: string) => ({ ok: false, answer: refusal(403, message, request.url) }) as const;
  const sent = request.headers.authorization ?? request.headers["x-misp-auth"];
  // The bare key is the header's value: `Bearer <key>` is refused (recorded).
  const known = typeof sent === "string" && /^[a-zA-Z0-9]{40}$/.test(sent.trim()) ? keys.get(sent.trim()) : undefined;
  if (known === undefined) return refuse(request.isAjax ? failed : passTheKey);
  if (known.expiresAt !== undefined && known.expiresAt <= now) return refuse("Auth key is expired");
  if (known.disabled) return refuse(`${failed} Your user account has been disabled.`);
  return { ok: true, key: known };
}
