import { isIP, isIPv6 } from "node:net";
import { invalid } from "./check-options.ts";

/** A place on the network as ZeroMQ wants it. */
export interface Endpoint {
  readonly address: string;
  readonly ipv6: boolean;
}

const hostName = /^(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?$/i;

/**
 * @param host a name or an address, IPv6 with or without brackets
 * @param port 0 only where `anyPort`: the system chooses
 * @throws ZmqBusError `invalid_option`
 */
export function toEndpoint(name: string, host: string, port: number, anyPort = false): Endpoint {
  const bare = /^\[(.*)\]$/.exec(host)?.[1] ?? host;
  const ipv6 = isIPv6(bare);
  if (isIP(bare) === 0 && !hostName.test(bare)) {
    throw invalid(
      `${name} has the host ${JSON.stringify(host)}; expected a host name or an address, such as 127.0.0.1`,
    );
  }
  if (!Number.isInteger(port) || port < (anyPort ? 0 : 1) || port > 65_535) {
    throw invalid(`${name} is ${JSON.stringify(port)}; expected a port from 1 to 65535`);
  }
  return { address: `tcp://${ipv6 ? `[${bare}]` : bare}:${anyPort && port === 0 ? "*" : port}`, ipv6 };
}

/** `*` is ZeroMQ's word for every address of this machine. */
export function toBindHost(host: string): string {
  return host === "*" ? "0.0.0.0" : host;
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127\./.test(host);
}
