import { defineCommand } from "citty";
import { exitConfig, exitFailed, exitTryAgain, exitUsage } from "../compose.ts";
import { askProgram } from "../control/ask-program.ts";
import { configOption, loadOrExplain } from "./config-option.ts";

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

export const reconcileCommand = defineCommand({
  meta: {
    name: "reconcile",
    description: "Have the running program read MISP again, all of it or a part, and make its index equal",
  },
  args: {
    ...configOption,
    event: { type: "string", valueHint: "N", description: "The event with this number alone" },
    since: { type: "string", valueHint: "TIME", description: "Events that were changed in the last 30m, 12h, 7d, …" },
    "dry-run": { type: "boolean", description: "Say what would change, and change nothing" },
    force: { type: "boolean", description: "Remove what is no longer in MISP, however much it is" },
  },
  async run({ args }): Promise<number> {
    const complain = (text: string) => {
      process.stderr.write(`threatbus-misp: ${text}\n`);
      return exitUsage;
    };
    const { event, since, force = false } = args;
    if (event !== undefined && since !== undefined) return complain("--event and --since exclude each other");
    const span = since === undefined ? undefined : /^(\d+)([mhd])$/.exec(since);
    if (span === null) return complain(`--since ${since} is no time such as 30m, 12h or 7d`);

    const loaded = loadOrExplain(args.config);
    if (loaded === undefined) return exitConfig;
    const isTerminal = process.stderr.isTTY === true;
    const answer = await askProgram(
      loaded.config.statePath,
      {
        reconcile: {
          ...(event === undefined ? {} : { eventId: Number(event) }),
          ...(span === undefined ? {} : { sinceMs: Date.now() - Number(span[1]) * (unitMs[span[2] ?? ""] ?? 0) }),
          all: event === undefined && since === undefined && !force,
          force,
          dryRun: args["dry-run"] ?? false,
        },
      },
      (text) => {
        if (isTerminal) process.stderr.write(`\r${toBar(text)}${text}\u001b[K`);
      },
    );
    if (isTerminal) process.stderr.write("\r\u001b[K");
    if (answer.ok) {
      process.stdout.write(`${answer.text}\n`);
      return 0;
    }
    process.stderr.write(`threatbus-misp: ${answer.text}\n`);
    return answer.absent ? exitTryAgain : exitFailed;
  },
});

const barWidth = 20;

/** A bar for `12 of 40 events, …`. */
function toBar(progress: string): string {
  const [, done = "0", all = "0"] = /^(\d+) of (\d+)/.exec(progress) ?? [];
  const filled = Number(all) === 0 ? barWidth : Math.round((Number(done) / Number(all)) * barWidth);
  return `[${"=".repeat(filled)}${" ".repeat(barWidth - filled)}] `;
}
