import { defineConfig, type ViteUserConfig } from "vitest/config";

/** What every project's vitest.config.ts shares: tests read the sources of sibling packages, never their build. */
const conditions = ["@tb/source"];

export const shared: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // Native addons (zeromq, lmdb) are not safe in worker threads of one process.
    pool: "forks",
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    // A unit that prints is a defect: output is for people, and nobody reads a test's.
    onConsoleLog(log) {
      throw new Error(`a test wrote to the console: ${log}`);
    },
    testTimeout: 20_000,
  },
});

export default defineConfig({
  test: { projects: ["packages/*", "apps/*", "tools/packaging"] },
});
