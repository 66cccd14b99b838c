import { defineCommand } from "citty";
import { duration } from "../config/duration.ts";
import { askProgram } from "../control/ask-program.ts";
import { exitConfig, exitFailed, exitTryAgain, exitUsage } from "../exit-codes.ts";
import { configOption, loadOrExplain } from "./config-option.ts";
import { sayOnStandardError } from "./output.ts";

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
    const { event, since, force = false } = args;
    if (event !== undefined && since !== undefined) {
      await sayOnStandardError("--event and --since exclude each other", String);
      return exitUsage;
    }
    const loaded = loadOrExplain(args.config);
    if (loaded === undefined) return exitConfig;
    const { config, redact } = loaded;
    const isTerminal = process.stderr.isTTY === true;
    const answer = await askProgram(
      config.statePath,
      {
        reconcile: {
          ...(event === undefined ? {} : { eventId: Number(event) }),
          ...(since === undefined ? {} : { sinceMs: Date.now() - duration.parse(since) * 1000 }),
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
    await sayOnStandardError(answer.text, redact);
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
