import { mergeConfig } from "vitest/config";
import { shared } from "../../vitest.config.ts";

/** Opt-in, `pnpm test:node`: compiles Kafka's client in full, once for each Node version, which takes minutes each. */
export default mergeConfig(
  { ...shared, test: { ...shared.test, include: [] } },
  { test: { globalSetup: ["./test/global-setup.ts"], include: ["test/*.node.ts"], testTimeout: 3_600_000 } },
);
