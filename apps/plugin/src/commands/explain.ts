import { defineCommand } from "citty";
import { exitConfig, exitFailed, exitNothing } from "../exit-codes.ts";
import { type Answer, explainTarget } from "../explain/explain-target.ts";
import { openExplainer } from "../explain/explainer.ts";
import { neutralise, neutraliseJson } from "../neutralise.ts";
import { configOption, loadOrExplain } from "./config-option.ts";
import { openOutput, sayOnStandardError } from "./output.ts";

export const explainCommand = defineCommand({
  meta: {
    name: "explain",
    description: "Say why an attribute of the index, or a recorded notification, is announced or withheld",
  },
  args: {
    ...configOption,
    json: { type: "boolean", description: "One JSON object per line" },
    target: {
      type: "positional",
      required: true,
      valueHint: "UUID | FILE",
      description:
        "An attribute's UUID, or a file with one notification per line (a body, a ZeroMQ frame, or tap --json)",
    },
  },
  async run({ args }): Promise<number> {
    const loaded = loadOrExplain(args.config);
    if (loaded === undefined) return exitConfig;
    const { config, redact } = loaded;
    await using explainer = openExplainer(config, redact);
    const explained = explainTarget(args.target, explainer);
    if (!explained.ok) {
      await sayOnStandardError(explained.text, redact);
      return exitNothing;
    }
    const output = openOutput();
    try {
      for (const answer of explained.answers) {
        await output.write(args.json === true ? toJson(answer) : toText(answer));
        if (output.isClosed()) break;
      }
      return 0;
    } catch (error) {
      await sayOnStandardError(`explain stopped: ${error instanceof Error ? error.message : String(error)}`, redact);
      return exitFailed;
    }
  },
});

function toJson({ explanation }: Answer): string {
  return `${neutraliseJson(JSON.stringify(explanation))}\n`;
}

function toText({ title, lines }: Answer): string {
  return `${[title, ...lines.map((line) => `    ${line}`)].map(neutralise).join("\n")}\n`;
}
