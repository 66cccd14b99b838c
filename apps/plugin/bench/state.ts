/**
 * The state test for long: random analysts, everything that can go wrong, one reconcile, and then consumers must hold what MISP
 * lists. `pnpm state [ACTIONS] [SEED]`, default 200000 from a seed of the clock; goes on after a failure and prints its seed.
 */
import { type EpisodeReport, playEpisode } from "../test/state-episode.ts";

const [actions = 200_000, firstSeed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);
const actionsPerEpisode = 200;
const episodes = Math.max(1, Math.round(actions / actionsPerEpisode));
const say = (text: string) => process.stdout.write(`${text}\n`);

say(`${episodes * actionsPerEpisode} actions, first seed ${firstSeed}`);
const total: Record<keyof EpisodeReport, number> = {
  actions: 0,
  lost: 0,
  kills: 0,
  reconciles: 0,
  failures: 0,
  requests: 0,
  objects: 0,
};
const failed: number[] = [];
const begin = performance.now();
for (let episode = 0; episode < episodes; episode++) {
  const seed = firstSeed + episode;
  try {
    const report = await playEpisode(seed, actionsPerEpisode);
    for (const name of Object.keys(total) as (keyof EpisodeReport)[]) total[name] += report[name];
  } catch (error) {
    failed.push(seed);
    say(`seed ${seed}: ${error instanceof Error ? error.stack : error}`);
  }
  if ((episode + 1) % 100 === 0) say(`${(episode + 1) * actionsPerEpisode} actions, ${failed.length} episodes failed`);
}
const figures = Object.entries(total).map(([name, count]) => `${count} ${name}`);
say(`${figures.join(", ")}; ${Math.round((performance.now() - begin) / 1000)} s`);
if (failed.length > 0) throw new Error(`these seeds failed: ${failed.join(", ")}`);
