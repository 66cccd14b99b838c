import { defineCommand } from "citty";
import { exitConfig, exitFailed } from "../exit-codes.ts";
import { describeNotification } from "../explain/describe.ts";
import { type Explainer, openExplainer } from "../explain/explainer.ts";
import { neutralise } from "../neutralise.ts";
import { installShutdown } from "../shutdown.ts";
import { formatJson, formatPlain } from "../tap/format.ts";
import { runTap, type TapOptions, type TapSummary } from "../tap/run-tap.ts";
import { prepareTapSource } from "../tap/tap-source.ts";
import { configOption, loadOrExplain } from "./config-option.ts";
import { openOutput, sayOnStandardError } from "./output.ts";

/** Longer than the ten seconds after which MISP's publisher says that it is alive. */
const quietAfterMs = 15_000;
const maxTopics = 20;

export const tapCommand = defineCommand({
  meta: {
    name: "tap",
    description: "Show what the configured source brings, one line each, until Ctrl-C; publishes and writes nothing",
  },
  args: {
    ...configOption,
    explain: { type: "boolean", description: "Under each, what would be decided and why, gate by gate" },
    count: { type: "string", valueHint: "N", description: "End after N notifications" },
    json: { type: "boolean", description: "One JSON object per line, which explain reads back from a file" },
  },
  async run({ args }): Promise<number> {
    const loaded = loadOrExplain(args.config);
    if (loaded === undefined) return exitConfig;
    const { config, redact } = loaded;
    const say = (text: string) => sayOnStandardError(text, redact);
    const transport = await prepareTapSource(config.source);
    if (!transport.ok) {
      await say(transport.text);
      return exitConfig;
    }

    const controller = new AbortController();
    // It says nothing of its own: the summary does. It stays until the process ends, right after this: a second signal of the
    // same Ctrl-C must not come upon none.
    installShutdown({ controller, say: () => undefined });
    const output = openOutput({ signal: controller.signal, onClosed: () => controller.abort() });
    const sinceMs = performance.now();
    try {
      await using explainer = args.explain === true ? openExplainer(config, redact) : undefined;
      if (explainer !== undefined) await say(`explanations are based on ${explainer.basis().text}`);
      await using source = transport.open();
      const summary = await runTap({
        source,
        kind: config.source.kind,
        signal: controller.signal,
        format: toFormat(args.json === true, explainer),
        write: output.write,
        say: (text) => void say(text),
        ...(transport.lifeTopic === undefined ? {} : { lifeTopic: transport.lifeTopic }),
        count: args.count === undefined ? Number.POSITIVE_INFINITY : Number(args.count),
        quietAfterMs,
      });
      if (!output.isClosed()) await say(describeSummary(summary, performance.now() - sinceMs));
      return 0;
    } catch (error) {
      await say(`tap stopped: ${error instanceof Error ? error.message : String(error)}`);
      return exitFailed;
    }
  },
});

function toFormat(asJson: boolean, explainer: Explainer | undefined): TapOptions["format"] {
  if (explainer === undefined) return asJson ? (notification) => formatJson(notification) : formatPlain;
  return (notification) => {
    const explained = explainer.explain(notification);
    const basis = explainer.basis();
    if (asJson) return formatJson(notification, { ...explained, basis });
    const lines = describeNotification(explained, basis).map((line) => `    ${neutralise(line)}`);
    return [formatPlain(notification), ...lines].join("\n");
  };
}

function describeSummary({ notifications, bytes, topics }: TapSummary, elapsedMs: number): string {
  const list = topics.slice(0, maxTopics).map(([topic, count]) => `${topic === "" ? "(no topic)" : topic} ${count}`);
  if (topics.length > maxTopics) list.push("…");
  const named = list.length === 0 ? "" : ` (${list.join(", ")})`;
  return `${notifications} notification${notifications === 1 ? "" : "s"} in ${Math.round(elapsedMs / 1_000)} s, ${bytes} bytes${named}`;
}
