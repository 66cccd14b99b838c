import { createServer } from "node:net";

/** Ports on loopback that are free now. All are taken before one is given back: no two are the same. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))));
  const addresses = servers.map((server) => server.address());
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return addresses.map((address) => (address !== null && typeof address === "object" ? address.port : 0));
}

/** A port on loopback that is free now. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}
