import { defineConfig } from "vitest/config";
import { shared } from "../../vitest.config.ts";

// What `pnpm mutate` runs for each mutant: the tests beside the mutated files, with the properties at 100 runs (`runs`), and
// without those that only measure how time grows.
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    root: import.meta.dirname,
    include: ["src/*.test.ts", "src/pattern/*.test.ts"],
    exclude: ["src/decode*.test.ts", "src/json-depth.test.ts"],
    testNamePattern: /^(?!.*takes linear time)/,
    env: { THREATBUS_MISP_MUTATE: "1" },
  },
});
