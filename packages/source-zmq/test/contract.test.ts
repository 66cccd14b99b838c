import { describeSource } from "@tb/misp-core/testing";
import { createZmqPublisher } from "@tb/misp-simulator";
import { createZmqSource } from "../src/index.ts";
import { message, subscribed } from "./helpers.ts";

describeSource("the ZeroMQ source", async () => {
  const publisher = await createZmqPublisher({ watchSubscriptions: true, heartbeatAfterMs: 0 });
  const source = createZmqSource({ host: "127.0.0.1", port: publisher.port });
  await subscribed(publisher);
  return {
    source,
    send: (bodies) => publisher.publish(bodies.map((body) => message(body))),
    outage: { begin: () => publisher.rebind(), end: () => subscribed(publisher) },
    async dispose() {
      await source[Symbol.asyncDispose]();
      await publisher[Symbol.asyncDispose]();
    },
  };
}, ["outage"]);
