import { Subscriber } from "zeromq";
import type { Endpoint } from "../endpoint.ts";
import { keepalive } from "../keepalive.ts";
import { type ParsedFrame, parseFrame } from "../parse-frame.ts";
import { receiveAll } from "../receive-all.ts";
import { bind } from "./bind.ts";

export interface Receiver {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * The sub port: what apps publish.
 *
 * @throws ZmqBusError when the port cannot be opened
 */
export function openReceiver(options: {
  readonly endpoint: Endpoint;
  readonly maxMessageBytes: number;
  readonly onFrame: (frame: ParsedFrame) => void;
}): Receiver {
  const { endpoint } = options;
  const socket = new Subscriber({
    maxMessageSize: options.maxMessageBytes,
    linger: 0,
    ipv6: endpoint.ipv6,
    ...keepalive,
  });
  socket.subscribe("stix2/", "threatbus/snapshotenvelope");
  const port = bind(socket, "sub", endpoint);
  const received = receiveAll(socket, (frames) => void options.onFrame(parseFrame(frames)));
  return {
    port,
    async close() {
      socket.close();
      await received;
    },
  };
}
