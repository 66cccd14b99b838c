import { rootCertificates } from "node:tls";
import { Agent, type Dispatcher, Pool, ProxyAgent } from "undici";
import type { Settings } from "./options.ts";

/** Connecting alone takes no longer, so that a firewall that swallows packets is told from a MISP that thinks. */
const longestConnectMs = 10_000;

/** The connections to MISP: direct or through a proxy, kept alive, at most `maxConnections` of them. */
export function createDispatcher(settings: Settings): Dispatcher {
  const { proxy, ca, client, verifyTls, timeoutMs } = settings;
  const timeout = Math.min(longestConnectMs, timeoutMs);
  const tls = {
    timeout,
    rejectUnauthorized: verifyTls,
    ...(ca === undefined ? {} : { ca }),
    ...(client === undefined ? {} : client),
  };
  // A request has one deadline for everything (`request.ts`); undici's own 300 s for each part would cut a longer one short.
  const pool = { connections: settings.maxConnections, headersTimeout: 0, bodyTimeout: 0 };
  if (proxy === undefined) return new Agent({ ...pool, connect: tls });
  return new ProxyAgent({
    ...pool,
    uri: proxy.url,
    ...(proxy.authorization === undefined ? {} : { token: proxy.authorization }),
    requestTls: tls,
    // `verifyTls: false` speaks of MISP. A proxy that is itself behind TLS may have its certificate from either kind of authority.
    proxyTls: { timeout, ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }) },
    // A proxy that never answers CONNECT would block its connection for undici's 300 s, long after our request gave up.
    clientFactory: (origin, options) => new Pool(origin, { ...(options as Pool.Options), headersTimeout: timeout }),
  });
}
