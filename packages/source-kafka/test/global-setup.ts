import type { TestProject } from "vitest/node";
import { type KafkaForTests, openKafka } from "./broker/open-kafka.ts";

declare module "vitest" {
  export interface ProvidedContext {
    kafka: KafkaForTests;
  }
}

export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const { kafka, close } = await openKafka();
  provide("kafka", kafka);
  return close;
}
