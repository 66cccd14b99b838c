import { mergeConfig } from "vitest/config";
import { shared } from "../../vitest.config.ts";

// One broker for all files of the package; tests that stop a broker start their own.
export default mergeConfig(shared, { test: { globalSetup: ["./test/global-setup.ts"], testTimeout: 60_000 } });
