import { defineCommand } from "citty";
import { type Change, drop, retry, sayNone } from "../dead-letters/change.ts";
import { toJson, toLine, toUuid } from "../dead-letters/describe.ts";
import { exitCodeOf, exitConfig, exitNothing, exitTryAgain } from "../exit-codes.ts";
import { type LmdbStore, openLmdbStore } from "../store/lmdb-store.ts";
import type { ReadOnly } from "../store/open-read-only.ts";
import type { OutboxReads } from "../store/outbox-reads.ts";
import { openReadOnlyOutbox } from "../store/read-only-outbox.ts";
import { StoreError } from "../store/store-error.ts";
import { configOption, loadOrExplain } from "./config-option.ts";
import { type Output, openOutput, sayOnStandardError } from "./output.ts";

/** Read at once: so many need little memory, and the outbox is held for a moment only. */
const pageSize = 500;

/** What a command works with. */
interface Tools {
  /** The state folder. */
  readonly path: string;
  readonly output: Output;
  /** Writes a line of its own to standard error. */
  say(text: string): Promise<void>;
  /** Takes the configured secrets out of a text. */
  redact(text: string): string;
}

export const deadLettersCommand = defineCommand({
  meta: { name: "dead-letters", description: "Sightings that MISP refused, or that kept failing: see, retry or drop" },
  subCommands: {
    list: defineCommand({
      meta: { name: "list", description: "One line each: the sighting's UUID, when it was given up, and why" },
      args: configOption,
      run: ({ args }) => runWith(args.config, list),
    }),
    show: defineCommand({
      meta: { name: "show", description: "All that is known of one, as JSON" },
      args: { ...configOption, uuid: uuidOption("UUID") },
      run: ({ args }) => runWith(args.config, (outbox, tools) => show(outbox, toUuid(args.uuid), tools)),
    }),
    retry: defineCommand({
      meta: { name: "retry", description: "Send them again as if never tried; only while the program is stopped" },
      args: { ...configOption, uuid: uuidOption("UUID…") },
      run: ({ args }) => runWith(args.config, (outbox, tools) => change(outbox, args._, tools, retryNow)),
    }),
    drop: defineCommand({
      meta: { name: "drop", description: "Forget them: MISP never hears of them; only while the program is stopped" },
      args: { ...configOption, uuid: uuidOption("UUID…") },
      run: ({ args }) => runWith(args.config, (outbox, tools) => change(outbox, args._, tools, drop)),
    }),
  },
});

function uuidOption(valueHint: "UUID" | "UUID…") {
  const description = "Of the sighting, as list shows it; sighting--UUID will do, too";
  return { type: "positional", required: true, valueHint, description } as const;
}

/**
 * Opens what lies in the state folder for reading, so that nothing is made where there is nothing yet, and hands it to a command,
 * which closes it. Gives the exit code.
 */
async function runWith(
  file: string | undefined,
  command: (outbox: ReadOnly<OutboxReads>, tools: Tools) => Promise<number>,
): Promise<number> {
  const loaded = loadOrExplain(file);
  if (loaded === undefined) return exitConfig;
  const { config, redact } = loaded;
  const say = (text: string) => sayOnStandardError(text, redact);
  const result = openReadOnlyOutbox(config.statePath);
  if (!result.ok) {
    await say(result.text);
    return result.absent ? exitNothing : exitConfig;
  }
  const output = openOutput();
  try {
    return await command(result.reader, { path: config.statePath, output, say, redact });
  } catch (error) {
    await say(error instanceof Error ? error.message : String(error));
    return exitCodeOf(error);
  }
}

async function list(opened: ReadOnly<OutboxReads>, { output, say, redact, path }: Tools): Promise<number> {
  await using outbox = opened;
  for (let after = ""; ; ) {
    const letters = outbox.read((reads) => reads.deadLetters(after, pageSize));
    if (after === "" && letters.length === 0) await say(`there are no dead letters in ${path}`);
    if (letters.length > 0) await output.write(letters.map((letter) => `${toLine(letter, redact)}\n`).join(""));
    after = letters.at(-1)?.entry.row.uuid ?? "";
    if (letters.length < pageSize || output.isClosed()) return 0;
  }
}

async function show(opened: ReadOnly<OutboxReads>, uuid: string, { output, say, redact }: Tools): Promise<number> {
  await using outbox = opened;
  const letter = outbox.read((reads) => reads.deadLetter(uuid));
  if (letter === undefined) {
    await say(sayNone([uuid]));
    return exitNothing;
  }
  await output.write(`${toJson(letter, redact)}\n`);
  return 0;
}

const retryNow = (outbox: OutboxReads, uuids: readonly string[]) => retry(outbox, uuids, Date.now());

async function change(
  outbox: ReadOnly<OutboxReads>,
  references: readonly string[],
  { path, output, say }: Tools,
  plan: (outbox: OutboxReads, uuids: readonly string[]) => Change,
): Promise<number> {
  // LMDB shares one environment between all openings in a process, and this one cannot write.
  await outbox[Symbol.asyncDispose]();
  const opened = await openToWrite(path);
  if ("refusal" in opened) {
    await say(opened.refusal);
    return exitTryAgain;
  }
  await using store = opened;
  const planned = plan(store.outbox, [...new Set(references.map(toUuid))]);
  if (!planned.ok) {
    await say(planned.text);
    return exitNothing;
  }
  await store.outbox.commit(planned.changes);
  await output.write(planned.lines.map((line) => `${line}\n`).join(""));
  return 0;
}

/** One process writes to a state folder: the program keeps in memory what it wrote. */
async function openToWrite(path: string): Promise<LmdbStore | { readonly refusal: string }> {
  try {
    return await openLmdbStore({ path });
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== "locked") throw error;
    const help = "stop it, run this again, and start it; list and show work beside it";
    return { refusal: `the program is running, so nothing was changed: ${help}. ${error.message}` };
  }
}
