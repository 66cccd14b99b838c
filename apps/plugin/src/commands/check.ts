import { defineCommand } from "citty";
import { prepareBus } from "../bus/prepare-bus.ts";
import type { Config } from "../config/schema.ts";
import { exitConfig } from "../exit-codes.ts";
import { prepareSource } from "../source.ts";
import { configOption, loadOrExplain } from "./config-option.ts";
import { sayOnStandardError } from "./output.ts";

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
      `bus            ${describeBus(config.bus)}`,
      `state          ${config.statePath}`,
      `MISP           ${describeApi(config.api)}`,
      ...(config.baseUrl === undefined ? [] : [`links          ${config.baseUrl}`]),
      ...warnings.map((warning) => `warning        ${warning}`),
    ];
    process.stdout.write(redact(`${lines.join("\n")}\n`));
    const prepared = [await prepareSource(config.source), await prepareBus(config.bus)];
    for (const one of prepared) if (!one.ok) await sayOnStandardError(one.text, redact);
    return prepared.every(({ ok }) => ok) ? 0 : exitConfig;
  },
});

function describeBus(bus: Config["bus"]): string {
  switch (bus.kind) {
    case "ndjson":
      return "STIX objects on standard output, one per line; sightings on standard input";
    case "host":
      return `Threat Bus apps connect to ${bus.host}:${bus.manage}, and to ${bus.pub} and ${bus.sub}`;
    case "join":
      return `the Threat Bus at ${bus.host}:${bus.port}`;
  }
}

function describeApi(api: Config["api"]): string {
  const missing = "no sighting goes to MISP, and nothing heals what its stream loses";
  if (api === undefined) return `without api: ${missing}`;
  return api.key === undefined ? `${api.host} without a key: ${missing}` : `${api.host} with a key`;
}

function describeSource(source: Config["source"]): string {
  if (source.kind === "kafka") {
    const { "bootstrap.servers": brokers, "metadata.broker.list": list, "group.id": group } = source.config;
    return `Kafka ${brokers ?? list}, topics ${source.topics.join(", ")}${group === undefined ? "" : `, as ${group}`}`;
  }
  return `ZeroMQ ${source.host}:${source.port}, ${source.username === undefined ? "without" : "with"} username and password`;
}
