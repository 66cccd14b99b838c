import { defineCommand } from "citty";
import { run } from "../compose.ts";
import { exitConfig } from "../exit-codes.ts";
import { configOption, loadOrExplain } from "./config-option.ts";

export const runCommand = defineCommand({
  meta: { name: "run", description: "Receive, filter and announce, until a signal (the default)" },
  args: {
    ...configOption,
    once: { type: "boolean", description: "Compare with MISP over its API, announce what is new, and end" },
  },
  async run({ args }): Promise<number> {
    const loaded = loadOrExplain(args.config);
    return loaded === undefined ? exitConfig : run({ ...loaded, once: args.once ?? false });
  },
});
