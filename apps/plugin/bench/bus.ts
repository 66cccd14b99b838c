import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { hostConfig, interopEnvironment, programsOf } from "../../../packages/bus-zmq/test/interop/environments.ts";
import { freePorts } from "../../../tools/free-port.ts";
import { type Child, endWithUs, startChild, startProgram, stopChild } from "./child.ts";
import { percentile } from "./percentile.ts";
import type { Load } from "./publisher.ts";

/** How to run one of the two, in a folder with a `config.yaml`. */
interface Contestant {
  readonly name: string;
  /** What it subscribes to at MISP's publisher. */
  readonly topic: string;
  /** Announcements that take it some seconds, for each number of apps. */
  readonly counts: readonly number[];
  run(folder: string): ChildProcess;
  readonly end: NodeJS.Signals;
}

const appCounts = [1, 10, 50];
/** Messages a second at which latency is measured. The real Threat Bus is behind at the higher one: what it shows there is its queue. */
const rates = [100, 1_000];
const warmUpSeconds = 1;
const timedSeconds = 5;

const program: Contestant = {
  name: "threatbus-misp",
  topic: "misp_json_attribute ",
  counts: [20_000, 20_000, 10_000],
  run: (folder) => startProgram(join(folder, "config.yaml"), ["ignore", "ignore", "inherit", "ipc"]),
  end: "SIGTERM",
};

async function threatBus(): Promise<Contestant | string> {
  const environment = await interopEnvironment("host");
  if (!environment.ok) return environment.reason;
  const command = join(programsOf(environment), "threatbus");
  return {
    name: "Threat Bus 2022.5.16",
    topic: "misp_json_attribute",
    counts: [2_000, 1_000, 400],
    run: (cwd) => spawn(command, ["-c", "config.yaml"], { cwd, stdio: ["ignore", "ignore", "ignore"] }),
    end: "SIGINT",
  };
}

/**
 * From MISP's publisher to apps that receive and do nothing else: announcements per second with 1, 10 and 50 apps, and the latency
 * to one app at two rates. With one `config.yaml` for both: this program, and where Python is at hand the real Threat
 * Bus with its MISP plugin.
 */
export async function benchBus(folder: string, publisher: Child, say: (text: string) => void): Promise<void> {
  let nextId = 1;
  const load = (count: number, perSecond: number): Load => {
    const from = nextId;
    nextId += count;
    return { kind: "add", from, count, rate: perSecond };
  };
  const misp = publisher.ready.port;

  const withApps = async <T>(who: Contestant, apps: number, measure: (receivers: Child) => Promise<T>): Promise<T> => {
    const [manage = 0, pub = 0, sub = 0] = await freePorts(3);
    const own = join(folder, `bus-${manage}`);
    mkdirSync(own);
    writeFileSync(join(own, "config.yaml"), hostConfig({ manage, pub, sub }, "ERROR", misp));
    const running = who.run(own);
    endWithUs(running);
    await listens(manage);
    const receivers = await startChild("./bus-apps.ts", [String(manage), String(apps)]);
    try {
      await publisher.ask({ subscribed: 1, topic: who.topic });
      return await measure(receivers);
    } finally {
      await receivers.stop();
      await stopChild(running, who.end);
      await publisher.ask({ subscribed: 0, topic: who.topic });
    }
  };

  /** Announcements per second, by number of apps. */
  const throughput = async (who: Contestant): Promise<readonly number[]> => {
    const perSecond: number[] = [];
    for (const [n, apps] of appCounts.entries()) {
      const count = who.counts[n] ?? 0;
      const ms = await withApps(who, apps, async (receivers) => {
        await publisher.ask(load(count, 0));
        const taken = receivers.ask({ expect: count });
        await publisher.ask({ go: true });
        return (await taken).ms as number;
      });
      perSecond.push((count * 1_000) / ms);
    }
    return perSecond;
  };

  const latencies = (who: Contestant, rate: number): Promise<readonly number[]> =>
    withApps(who, 1, async (receivers) => {
      const warmUp = rate * warmUpSeconds;
      const count = warmUp + rate * timedSeconds;
      await publisher.ask(load(count, rate));
      const taken = receivers.ask({ expect: count, at: true });
      const { times }: { times: [number, number][] } = await publisher.ask({ go: true });
      const sentAt = new Map(times.slice(warmUp));
      const received: [number, number][] = (await taken).times;
      return received
        .flatMap(([id, atMs]) => {
          const sent = sentAt.get(id);
          return sent === undefined ? [] : [atMs - sent];
        })
        .sort((a, b) => a - b);
    });

  /** Both as far as they can be had, this program last. */
  const real = await threatBus();
  if (typeof real === "string") say(`the real Threat Bus is not measured: ${real}`);
  const contestants = typeof real === "string" ? [program] : [real, program];
  const columns = (texts: readonly string[]) => texts.map((text) => text.padEnd(24)).join("");
  say(columns(["", ...contestants.map(({ name }) => name), "ratio"]));
  /** Of this program to the real one. */
  const ratioOf = ([first = Number.NaN, second]: readonly number[]) =>
    second === undefined ? "" : (second / first).toPrecision(2);

  const perSecond: (readonly number[])[] = [];
  for (const who of contestants) perSecond.push(await throughput(who));
  for (const [n, apps] of appCounts.entries()) {
    const values = perSecond.map((one) => one[n] ?? Number.NaN);
    say(columns([`to ${apps} apps`, ...values.map((value) => `${Math.round(value)}/s`), ratioOf(values)]));
  }
  for (const rate of rates) {
    const sorted: (readonly number[])[] = [];
    for (const who of contestants) sorted.push(await latencies(who, rate));
    for (const part of [0.5, 0.99]) {
      const values = sorted.map((one) => percentile(one, part));
      const name = `p${part * 100} at ${rate}/s`;
      say(columns([name, ...values.map((value) => `${value.toFixed(1)} ms`), ratioOf(values)]));
    }
  }
}

/** Until somebody accepts connections there. */
async function listens(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch {
      await pause(50);
    } finally {
      socket.destroy();
    }
  }
}
