import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { topics } from "../messages/topics.ts";
import { type ProgramChild, type SimulatorChild, startProgram, startSimulator } from "./children.ts";
import { describeAction } from "./describe-action.ts";
import { checkEnd, DemoError, playStory, type Stage } from "./play.ts";
import type { Screen } from "./screen.ts";
import { filter, story, storyEndsWith } from "./story.ts";
import { createTally, type Tally } from "./tally.ts";

const storyTimeoutMs = 50_000;
const improvisedPauseMs = 1200;

/** How the demo runs. */
export interface DemoOptions {
  /** The program's entry. */
  readonly program: URL;
  readonly screen: Screen;
  /** Between scenes, for a person to read. */
  readonly pauseMs: number;
  /** Go on with random actions after the story. */
  readonly keepRunning: boolean;
  /** Ends the demo early, and the random actions. */
  readonly signal: AbortSignal;
}

/**
 * Starts a stand-in MISP and the real program, plays the story through real sockets, and says what it came to.
 *
 * @throws {DemoError} when it did not go as it should; whatever happens, nothing stays behind
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  if (!existsSync(options.program)) throw new DemoError(`there is no ${fileURLToPath(options.program)}`);
  const folder = await mkdtemp(join(tmpdir(), "threatbus-misp-demo-"));
  let simulator: SimulatorChild | undefined;
  let program: ProgramChild | undefined;
  try {
    options.screen.line("A stand-in MISP publishes over ZeroMQ; threatbus-misp listens and announces STIX indicators.");
    options.screen.line(`The filter lets through what is tagged ${filter.flatMap(({ tags }) => tags).join(" or ")}.`);
    options.screen.line();
    simulator = await startSimulator();
    const configFile = join(folder, "config.yaml");
    await writeFile(configFile, configuration(simulator.port, join(folder, "state")));
    program = startProgram(options.program, configFile);
    await perform(simulator, program, options);
  } catch (error) {
    options.screen.end();
    if (!(error instanceof DemoError) || program === undefined || program.log.length === 0) throw error;
    throw new DemoError(
      `${error.message}\nThe program's log ends with:\n${program.log.map((line) => `  ${line}`).join("\n")}`,
    );
  } finally {
    await Promise.all([program?.stop(), simulator?.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
}

function configuration(port: number, statePath: string): string {
  const config = {
    plugins: { apps: { misp: { zmq: { host: "127.0.0.1", port }, filter } } },
    state: { path: statePath },
  };
  // JSON is YAML.
  return JSON.stringify(config, undefined, 2);
}

async function perform(simulator: SimulatorChild, program: ProgramChild, options: DemoOptions): Promise<void> {
  const { screen } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(storyTimeoutMs)]);
  await awaitSubscriptions(simulator, program, signal);

  const tally = createTally();
  const stage: Stage = {
    async act(action) {
      const { notifications = [] } = await simulator.ask(action);
      tally.said(notifications.length);
    },
    bus: program.bus,
    consumer: tally.consumer,
    screen,
    pause: () => sleep(options.pauseMs, undefined, { signal }),
    timeoutMs: 10_000,
  };
  const onAbort = (): void => program.bus.fail(interruption(options.signal));
  signal.addEventListener("abort", onAbort, { once: true });
  screen.begin();
  await playStory(story, stage);
  signal.removeEventListener("abort", onAbort);

  if (options.keepRunning) await improvise(simulator, stage, tally, options.signal);
  // It writes what it still has and closes its output: after that nothing more can come.
  await program.stop();
  if (program.exitCode() !== 0)
    throw new DemoError(`the program ended with ${program.exitCode() ?? "a signal"}, not with 0`);
  if (options.keepRunning) program.bus.rest().forEach(tally.consumer.take);
  else checkEnd(stage, storyEndsWith);
  screen.line();
  for (const line of tally.summary()) screen.line(line);
}

function interruption(signal: AbortSignal): DemoError {
  return new DemoError(signal.aborted ? "interrupted" : `the story was not over after ${storyTimeoutMs / 1000} s`);
}

/** The program listens: from now on it misses nothing. */
async function awaitSubscriptions(
  simulator: SimulatorChild,
  program: ProgramChild,
  signal: AbortSignal,
): Promise<void> {
  for (const topic of [topics.attribute, topics.tag, topics.event, topics.publish]) {
    while (!(await simulator.hasSubscriber(`${topic} `))) {
      if (program.bus.failure) throw program.bus.failure;
      if (signal.aborted) throw new DemoError(`the program has not subscribed to ${topic}`);
    }
  }
}

/** Random actions at a human pace, until the signal. What arrives is shown when it does. */
async function improvise(simulator: SimulatorChild, stage: Stage, tally: Tally, signal: AbortSignal): Promise<void> {
  stage.screen.line();
  stage.screen.line("The analyst goes on by chance. Ctrl-C ends it.");
  while (!signal.aborted) {
    const { actions = [], notifications = [] } = await simulator.ask({ random: { attributes: 30 } });
    tally.said(notifications.length);
    for (const action of actions) stage.screen.left(describeAction(action));
    const untilMs = performance.now() + improvisedPauseMs;
    for (let leftMs = improvisedPauseMs; leftMs > 0; leftMs = untilMs - performance.now()) {
      const object = await stage.bus.next(leftMs);
      if (object === undefined) break;
      stage.screen.right(object);
      stage.consumer.take(object);
    }
    stage.screen.end();
  }
}
