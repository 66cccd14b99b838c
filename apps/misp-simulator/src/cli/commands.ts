import { createLoadGenerator, type LoadKind } from "../generate.ts";
import type { ModelNotification } from "../messages/topics.ts";
import type { AnalystAction, MispModel } from "../model.ts";
import { pace } from "../pace.ts";
import { randomAction } from "../random/action.ts";
import { createRandom } from "../random/source.ts";
import { readRecording } from "../read-recording.ts";
import type { LoggedRequest, RestServer } from "../rest/rest-server.ts";
import { SimulatorError } from "../simulator-error.ts";
import type { Credentials } from "../zap.ts";
import type { ZmqPublisher } from "../zmq-publisher.ts";
import type { Outlet } from "./outlet.ts";
import { type RestCommand, runRestCommand } from "./rest-commands.ts";

/** What the simulator is told on stdin: one of these per line. */
export type Command =
  /** An analyst's action on the model. Its messages are published. */
  | AnalystAction
  /** So many actions of a random analyst. */
  | { readonly random: { readonly count?: number; readonly attributes?: number } }
  /** A message as given; a body that is no string is sent as its JSON. */
  | { readonly publish: { readonly topic: string; readonly body: unknown } }
  /** A frame as given, also without a space or a topic. */
  | { readonly frame: string }
  /** Load, so many actions per second (0: as fast as it goes); answered when it is done. */
  | { readonly generate: { readonly count: number; readonly rate?: number; readonly kind?: LoadKind } }
  /** A recorded NDJSON file. */
  | { readonly play: { readonly file: string } }
  /** mispzmq stops, or comes back and empties its lists in its own order. */
  | { readonly mispzmq: "pause" | "resume" }
  /** Closes the socket and binds another one on the same port; `credentials: null` switches authentication off. */
  | { readonly rebind: { readonly credentials?: Credentials | null } }
  /** Answered when somebody has subscribed to exactly this prefix, in at most 30 s; needs `--watch`. */
  | { readonly subscribed: { readonly prefix: string; readonly timeoutMs?: number } }
  /** What MISP holds now. */
  | { readonly attributes: true }
  /** The REST server: its failures, its keys, what it was asked; needs `--rest`. */
  | { readonly rest: RestCommand };

/** What it answers: one of these per command, in their order. */
export type Answer =
  | {
      readonly ok: true;
      /** Numeric ids of what an action made. */
      readonly id?: number;
      readonly ids?: readonly number[];
      readonly attributeIds?: readonly number[];
      /** What an action or the random analyst made MISP say. */
      readonly notifications?: readonly ModelNotification[];
      /** What the random analyst did. */
      readonly actions?: readonly AnalystAction[];
      /** How many messages went out for `generate` and `play`, and how long that took. */
      readonly published?: number;
      readonly elapsedMs?: number;
      /** Messages that wait in mispzmq. */
      readonly waiting?: number;
      readonly attributes?: ReturnType<MispModel["attributes"]>;
      /** What the REST server was asked. */
      readonly requests?: readonly LoggedRequest[];
    }
  | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } };

/** Carries commands out, one at a time. Whatever goes wrong is an answer. */
export function createCommandRunner(options: {
  readonly model: MispModel;
  readonly publisher: ZmqPublisher;
  readonly outlet: Outlet;
  readonly rest: RestServer | undefined;
  readonly seed: number;
}): (command: Command) => Promise<Answer> {
  const { model, publisher, rest, seed } = options;
  const { queue, flush } = options.outlet;
  const load = createLoadGenerator(model, seed);
  const random = createRandom(seed);

  async function timed(work: () => Promise<unknown>): Promise<Answer> {
    const [startedAtMs, before] = [performance.now(), publisher.published];
    await work();
    const elapsedMs = Math.round(performance.now() - startedAtMs);
    return { ok: true, published: publisher.published - before, elapsedMs, waiting: queue.size };
  }

  async function run(command: Command): Promise<Answer> {
    if ("action" in command) {
      const result = model.perform(command);
      queue.push(result.notifications);
      await flush();
      return { ok: true, ...result };
    }
    if ("random" in command) {
      const { count = 1, ...options } = command.random;
      const results = Array.from({ length: count }, () => randomAction(model, random, options));
      const notifications = results.flatMap((result) => result.notifications);
      queue.push(notifications);
      await flush();
      return { ok: true, actions: results.map(({ action }) => action), notifications };
    }
    if ("publish" in command) {
      const { topic, body } = command.publish;
      await publisher.publish([{ topic, body: typeof body === "string" ? body : JSON.stringify(body) }]);
      return { ok: true };
    }
    if ("frame" in command) {
      await publisher.publishFrame(command.frame);
      return { ok: true };
    }
    if ("generate" in command) {
      const { count, rate = 0, kind = "add" } = command.generate;
      return timed(() => pace(count, rate, () => queue.push(load(kind)), flush));
    }
    if ("play" in command) {
      const messages = await readRecording(command.play.file);
      return timed(() => publisher.publish(messages));
    }
    if ("mispzmq" in command) {
      if (command.mispzmq === "pause") queue.pause();
      else queue.resume();
      await flush();
      return { ok: true, waiting: queue.size };
    }
    if ("rebind" in command) {
      const { credentials } = command.rebind;
      await publisher.rebind(credentials === undefined ? {} : { credentials: credentials ?? undefined });
      return { ok: true };
    }
    if ("subscribed" in command) {
      const { prefix, timeoutMs = 30_000 } = command.subscribed;
      await publisher.subscriptions.atLeast(prefix, 1, { signal: AbortSignal.timeout(timeoutMs) });
      return { ok: true };
    }
    if ("attributes" in command) return { ok: true, attributes: model.attributes() };
    if ("rest" in command) return { ok: true, ...(await runRestCommand(rest, command.rest)) };
    throw new SimulatorError("invalid-command", `not understood: ${JSON.stringify(command)}`);
  }

  return async (command) => {
    try {
      return await run(command);
    } catch (error) {
      const { code, message } = error as { code?: unknown; message?: unknown };
      return { ok: false, error: { code: String(code ?? "failed"), message: String(message ?? error) } };
    }
  };
}
