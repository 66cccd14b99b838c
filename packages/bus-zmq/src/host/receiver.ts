import { Subscriber } from "zeromq";
import type { Endpoint } from "../endpoint.ts";
import { keepalive } from "../keepalive.ts";
import { type ParsedFrame, parseFrame } from "../parse-frame.ts";
import { receiveAll } from "../receive-all.ts";
import { toBindError } from "../zmq-bus-error.ts";
import { portOf } from "./publisher.ts";

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
  try {
    socket.bindSync(endpoint.address);
  } catch (error) {
    socket.close();
    throw toBindError("sub", endpoint.address, error);
  }
  const received = receiveAll(socket, (frames) => void options.onFrame(parseFrame(frames)));
  return {
    port: portOf(socket.lastEndpoint),
    async close() {
      socket.close();
      await received;
    },
  };
}
