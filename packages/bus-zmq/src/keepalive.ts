/**
 * Data connections whose other end vanished without a word (a machine that lost its power, a firewall that forgot) end within 25 s,
 * by the systems' own probes. ZeroMQ's heartbeats would not do on a publisher: a subscriber that is slow does not answer them.
 */
export const keepalive = {
  tcpKeepalive: 1,
  tcpKeepaliveIdle: 10,
  tcpKeepaliveInterval: 5,
  tcpKeepaliveCount: 3,
} as const;
