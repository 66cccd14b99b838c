import type { SourceKind } from "../load-optional.ts";

/** What is known while nothing arrives. */
export interface Quiet {
  readonly kind: SourceKind;
  readonly connected: boolean;
  /** The publisher has said that it is alive. */
  readonly alive: boolean;
  readonly seconds: number;
}

/** What to look at when it runs but nothing arrives, most likely first. */
export function quietHint({ kind, connected, alive, seconds }: Quiet): readonly string[] {
  if (!connected) {
    return [
      `not connected for ${seconds} s. What to check:`,
      ...(kind === "zmq" ? unreachableZmq : ["are bootstrap.servers right, and can this machine reach every broker?"]),
    ];
  }
  if (kind === "kafka") {
    return [`connected, and nothing has arrived for ${seconds} s. What to check:`, ...quietKafka];
  }
  return alive
    ? [
        `connected, and MISP's publisher says that it is alive, but it has published nothing for ${seconds} s. What to check:`,
        ...quietZmq,
      ]
    : [
        `connected, and nothing has arrived for ${seconds} s, not even the publisher's own sign of life. What to check:`,
        ...quietZmq,
        "does the publisher still run (Diagnostics tab)? With redis-py 8 it dies after 10 seconds without messages; use redis-py 7",
      ];
}

const unreachableZmq = [
  "are host and port MISP's Plugin.ZeroMQ_host and Plugin.ZeroMQ_port, as seen from here?",
  "does MISP publish beyond its own machine? Plugin.ZeroMQ_host is 127.0.0.1 by default",
  "does the publisher run? MISP shows it on the Diagnostics tab, and can restart it there",
  "is a firewall in between?",
];

const notifications = "attribute_notifications_enable, event_notifications_enable and tag_notifications_enable";

const quietZmq = [
  "has anything changed in MISP? Edit an attribute and look here: only what happens from now on arrives",
  `is Plugin.ZeroMQ_enable on in MISP, and Plugin.ZeroMQ_${notifications}?`,
  "are MISP's background workers running? Much is published by them",
];

const quietKafka = [
  "has anything changed in MISP? Edit an attribute and look here: only what happens from now on arrives",
  `is Plugin.Kafka_enable on in MISP, and Plugin.Kafka_${notifications}?`,
  "are the topics those of Plugin.Kafka_attribute_notifications_topic, …event… and …tag…?",
  "does MISP's rdkafka ini set linger.ms to 0.1 or less? MISP loses single messages with more, most of them with 100",
];
