import { defineCommand } from "citty";
import { exitConfig } from "../compose.ts";
import type { Config } from "../config/schema.ts";
import { checkInstalled } from "../load-optional.ts";
import { configOption, loadOrExplain } from "./config-option.ts";

export const checkCommand = defineCommand({
  meta: { name: "check", description: "Check the configuration and show what it means; opens nothing" },
  args: configOption,
  async run({ args }): Promise<number> {
    const loaded = loadOrExplain(args.config);
    if (loaded === undefined) return exitConfig;
    const { config, warnings, file, redact } = loaded;
    const lines = [
      `configuration  ${file}`,
      `source         ${describeSource(config.source)}`,
      `filter         ${config.filterText}`,
      "bus            STIX objects on standard output, one per line",
      `state          ${config.statePath}`,
      ...(config.baseUrl === undefined ? [] : [`links          ${config.baseUrl}`]),
      ...warnings.map((warning) => `warning        ${warning}`),
    ];
    process.stdout.write(redact(`${lines.join("\n")}\n`));
    const installed = await checkInstalled(config.source.kind);
    if (installed.ok) return 0;
    process.stderr.write(`threatbus-misp: ${installed.text}\n`);
    return exitConfig;
  },
});

function describeSource(source: Config["source"]): string {
  if (source.kind === "kafka") return `Kafka, topics ${source.topics.join(", ")}`;
  return `ZeroMQ ${source.host}:${source.port}, ${source.username === undefined ? "without" : "with"} username and password`;
}
