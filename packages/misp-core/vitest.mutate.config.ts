import { mergeConfig } from "vitest/config";
import { shared } from "../../vitest.config.ts";

// What `pnpm mutate` runs: the tests beside the mutated files, with the properties at a tenth of their runs.
export default mergeConfig(shared, {
  test: {
    root: import.meta.dirname,
    include: ["src/**/*.test.ts"],
    exclude: ["src/**/decode*.test.ts", "src/testing/**"],
    env: { THREATBUS_MISP_MUTATE: "1" },
  },
});
