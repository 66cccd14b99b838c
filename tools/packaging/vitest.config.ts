import { mergeConfig } from "vitest/config";
import { shared } from "../../vitest.config.ts";

// Everything is built and packed once. An installation may have to download, and Kafka's client has a minute's worth of files.
export default mergeConfig(shared, {
  test: { globalSetup: ["./test/global-setup.ts"], testTimeout: 240_000 },
});
