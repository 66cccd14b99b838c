import { type Context, Reply } from "zeromq";

/** What a PLAIN client must present. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * Answers libzmq's authentication requests (ZAP, ZeroMQ RFC 27) for the sockets of one context. zeromq.js 6.8 brings no such
 * handler, and libzmq refuses every PLAIN client while none is bound. Close it after the sockets that need it.
 */
export async function createZapHandler(context: Context, expected: Credentials): Promise<{ close(): void }> {
  const socket = new Reply({ context, linger: 0 });
  await socket.bind("inproc://zeromq.zap.01");
  async function answer(): Promise<void> {
    for await (const [version, requestId, _domain, _address, _identity, mechanism, username, password] of socket) {
      const granted =
        String(mechanism) === "PLAIN" &&
        String(username) === expected.username &&
        String(password) === expected.password;
      const status = granted ? ["200", "OK", expected.username] : ["400", "wrong username or password", ""];
      await socket.send([version ?? "1.0", requestId ?? "", ...status, ""]);
    }
  }
  // It ends when the socket is closed; an answer that was under way then fails, and nobody waits for it any more.
  answer().catch(() => undefined);
  return { close: () => socket.close() };
}
