import type { AnalystAction } from "../model.ts";
import type { Arrivals } from "./arrivals.ts";
import { type BusObject, signs, type ValueConsumer } from "./bus-object.ts";
import type { Screen } from "./screen.ts";
import type { Expected, Scene } from "./story.ts";

/** The demo went wrong. The message is for a person. */
export class DemoError extends Error {
  override readonly name = "DemoError";
}

/** What a story is played with. */
export interface Stage {
  /** Has the analyst do something in MISP. */
  readonly act: (action: AnalystAction) => Promise<unknown>;
  readonly bus: Arrivals<BusObject>;
  readonly consumer: ValueConsumer;
  readonly screen: Screen;
  /** The pause after each scene, for a person to read. */
  readonly pause: () => Promise<void>;
  /** How long an expected object may take. */
  readonly timeoutMs: number;
}

const toExpected = ({ update, name }: BusObject): Expected => `${signs[update]} ${name}`;

/**
 * Plays scene after scene: acts, then waits for what is to come.
 *
 * @throws {DemoError} when something expected does not come in time, or something else comes
 */
export async function playStory(scenes: readonly Scene[], stage: Stage): Promise<void> {
  for (const scene of scenes) {
    stage.screen.left(scene.says);
    for (const action of scene.does) await stage.act(action);
    await awaitExpected(scene, stage);
    if (scene.because !== undefined) stage.screen.note(scene.because);
    stage.screen.end();
    await stage.pause();
  }
}

async function awaitExpected(scene: Scene, { bus, consumer, screen, timeoutMs }: Stage): Promise<void> {
  const missing = [...scene.expects];
  while (missing.length > 0) {
    const object = await bus.next(timeoutMs);
    if (object === undefined) {
      throw new DemoError(`“${scene.says}”: expected ${missing.join(", ")}, and nothing came in ${timeoutMs / 1000} s`);
    }
    screen.right(object);
    consumer.take(object);
    const position = missing.indexOf(toExpected(object));
    if (position === -1) {
      throw new DemoError(`“${scene.says}”: expected ${missing.join(", ")}, and this came: ${toExpected(object)}`);
    }
    missing.splice(position, 1);
  }
}

/**
 * Compares at the end: nothing may be left over, and the consumer must hold exactly this.
 *
 * @throws {DemoError} when it is otherwise
 */
export function checkEnd(stage: Pick<Stage, "bus" | "consumer">, expected: readonly string[]): void {
  const surplus = stage.bus.rest().map(toExpected);
  if (surplus.length > 0) throw new DemoError(`at the end this came, and nothing was expected: ${surplus.join(", ")}`);
  const holds = stage.consumer.holds();
  if (holds.join() !== [...expected].sort().join()) {
    throw new DemoError(
      `a consumer holds ${holds.join(", ") || "nothing"}; it should hold ${expected.join(", ") || "nothing"}`,
    );
  }
}
