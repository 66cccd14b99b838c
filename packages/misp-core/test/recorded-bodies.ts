import { readFileSync } from "node:fs";

/** What MISP was recorded to publish, over ZeroMQ and Kafka, without the few that are too long to be mutated by the thousand. */
export const recordedBodies: readonly Uint8Array[] = ["misp-notifications.ndjson", "misp-kafka.ndjson"].flatMap(
  (name) =>
    readFileSync(new URL(`../src/__fixtures__/${name}`, import.meta.url), "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line))
      .map(({ body, value }) => new TextEncoder().encode(body ?? value))
      .filter(({ length }) => length < 20_000),
);
