import { Reply } from "zeromq";
import type { Endpoint } from "../endpoint.ts";
import { keepalive } from "../keepalive.ts";
import { receiveAll } from "../receive-all.ts";
import { bind } from "./bind.ts";
import { type ManagementRequest, parseRequest } from "./parse-request.ts";

/** Requests have a topic, or a list of a few. */
const maxRequestBytes = 64 * 1024;

export interface Management {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * The manage port. Whatever comes is answered, in the same turn: an app's REQ socket hangs for good without an answer. What a
 * REQ could not have sent (no envelope, or above the size limit) libzmq drops by itself.
 *
 * @throws ZmqBusError when the port cannot be opened
 */
export function openManagement(options: {
  readonly endpoint: Endpoint;
  readonly answer: (request: ManagementRequest) => object;
  readonly onBadRequest: (detail: string) => void;
}): Management {
  const { endpoint } = options;
  const socket = new Reply({ maxMessageSize: maxRequestBytes, linger: 0, ipv6: endpoint.ipv6, ...keepalive });
  const port = bind(socket, "manage", endpoint);

  const answerOf = (frames: readonly Uint8Array[]): object => {
    const parsed = parseRequest(frames);
    if (parsed.ok) return options.answer(parsed.request);
    options.onBadRequest(parsed.detail);
    return { status: parsed.status };
  };
  // Who asked may be gone: then libzmq drops the answer.
  const served = receiveAll(socket, (frames) => socket.send(JSON.stringify(answerOf(frames))));

  return {
    port,
    async close() {
      socket.close();
      await served;
    },
  };
}
