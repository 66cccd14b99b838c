import { domainToASCII } from "node:url";

/** Types whose value is a URL that may lack its scheme. */
const urlTypes: ReadonlySet<string> = new Set(["url", "uri", "link"]);
const scheme = /^[a-z][a-z0-9+.-]*:\/\//i;
/** How analysts keep a link from being clicked; MISP undoes it for most types, not for all. */
const defanged = /\[\.\]|\[dot\]|\(dot\)/gi;

/**
 * The host that a value names, in lower case, without a dot at its end, other scripts as `xn--…`: of a URL, of an e-mail address,
 * of host:port, or the value itself. It may be an address (IPv6 without brackets). Undefined when there is none.
 */
export function hostOf(type: string, value: string): string | undefined {
  const text = value.trim().replace(defanged, ".").replace(/^hxxp/i, "http");
  if (scheme.test(text) || urlTypes.has(type)) return hostOfUrl(scheme.test(text) ? text : `http://${text}`);
  const at = text.lastIndexOf("@");
  return normalise((at < 0 ? text : text.slice(at + 1)).replace(/^(\[.*\]|[^:]*):\d{1,5}$/, "$1").replace(/>$/, ""));
}

function hostOfUrl(text: string): string | undefined {
  try {
    return normalise(decodeURIComponent(new URL(text).hostname));
  } catch {
    return undefined;
  }
}

function normalise(host: string): string | undefined {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (bare === "" || /[\s/]/.test(bare)) return undefined;
  const ascii = isPlain(bare) ? bare : domainToASCII(bare);
  return ascii.replace(/\.$/, "") || undefined;
}

function isPlain(host: string): boolean {
  return /^[\u0021-\u007e]*$/.test(host);
}
