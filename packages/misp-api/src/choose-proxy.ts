import { BlockList, isIP } from "node:net";

/** Variables as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that the environment wants for a URL: `HTTPS_PROXY` or `HTTP_PROXY`, unless `NO_PROXY` names the host. Lower-case
 * names win, as with curl. Undefined: none.
 */
export function chooseProxy(target: URL, environment: Environment): string | undefined {
  const name = target.protocol === "https:" ? "https_proxy" : "http_proxy";
  const proxy = read(environment, name);
  if (proxy === undefined || isExempt(target, read(environment, "no_proxy") ?? "")) return undefined;
  // curl and others take a bare host:port as http.
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}

function read(environment: Environment, name: string): string | undefined {
  // Here an empty variable is an unset one, so that the upper-case name is asked as well.
  return environment[name]?.trim() || environment[name.toUpperCase()]?.trim() || undefined;
}

/**
 * Whether a list as in `NO_PROXY` names the URL's host: `*`, a name with all that ends in it (a leading dot or `*.` means the
 * same), an address, a network such as 10.0.0.0/8, each with a port or without. Separated by commas or spaces.
 */
function isExempt(target: URL, list: string): boolean {
  const host = bare(target.hostname);
  const port = target.port || (target.protocol === "https:" ? "443" : "80");
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== "" && matches(entry, host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  const network = /^(.+)\/(\d{1,3})$/.exec(entry);
  if (network !== null) return isInside(host, bare(network[1] ?? ""), Number(network[2]));
  const withPort = isIP(bare(entry)) === 0 ? /^(.+):(\d+)$/.exec(entry) : null;
  const name = bare(withPort?.[1] ?? entry);
  if (withPort !== null && withPort[2] !== port) return false;
  // An address has no suffixes, and more than one spelling.
  if (isIP(name) !== 0) return isInside(host, name, isIP(name) === 4 ? 32 : 128);
  if (isIP(host) !== 0) return false;
  const suffix = name.replace(/^\*?\./, "");
  return suffix !== "" && (host === suffix || host.endsWith(`.${suffix}`));
}

function isInside(host: string, network: string, bits: number): boolean {
  const family = isIP(host);
  if (family === 0 || isIP(network) !== family || bits > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const kind = family === 4 ? "ipv4" : "ipv6";
  list.addSubnet(network, bits, kind);
  return list.check(host, kind);
}

/** Without the brackets of an IPv6 address and the dot at the end of a full name. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
}
