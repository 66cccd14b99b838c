import { mergeConfig } from "vitest/config";
import { shared } from "../../vitest.config.ts";

/** Against the real Threat Bus and its apps: needs Python 3 with venv, and the package index the first time; skipped without. */
export default mergeConfig(
  { ...shared, test: { ...shared.test, include: [] } },
  {
    test: {
      include: ["test/interop/*.interop.ts"],
      globalSetup: ["test/interop/prepare.ts"],
      testTimeout: 60_000,
      fileParallelism: false,
    },
  },
);
