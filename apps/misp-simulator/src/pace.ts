import { setImmediate, setTimeout } from "node:timers/promises";

/**
 * Calls `step` so often, in bursts that keep an average rate, and lets the event loop run in between.
 *
 * @param perSecond 0: as fast as it goes
 * @param afterBurst awaited before time is given away
 */
export async function pace(
  count: number,
  perSecond: number,
  step: (index: number) => void,
  afterBurst: () => Promise<void>,
): Promise<void> {
  const startedAtMs = performance.now();
  for (let done = 0; done < count; ) {
    const due = perSecond === 0 ? done + 200 : Math.floor(((performance.now() - startedAtMs) / 1000) * perSecond) + 1;
    for (const end = Math.min(count, due); done < end; done++) step(done);
    await afterBurst();
    if (done === count) return;
    await (perSecond === 0 ? setImmediate() : setTimeout(1));
  }
}
