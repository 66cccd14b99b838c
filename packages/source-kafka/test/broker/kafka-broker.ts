import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePorts } from "../../../../tools/free-port.ts";
import { fetchKafka } from "./fetch-kafka.ts";

const run = promisify(execFile);
const memory = ["-Xms64m", "-Xmx384m", "-XX:+UseSerialGC"];
/** The user that the SASL listener knows. */
export const saslUser = { username: "misp-reader", password: "pass word-42" };

/** A real Apache Kafka broker on loopback: one node, KRaft, a folder of its own. */
export interface KafkaBroker {
  /** `host:port` without authentication. */
  readonly brokers: string;
  /** `host:port` with SASL PLAIN, see {@link saslUser}. */
  readonly saslBrokers: string;
  /** Starts it again on its ports with its data. */
  start(): Promise<void>;
  /** SIGTERM and the wait for its end. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Stops it and removes its data. */
  remove(): Promise<void>;
}

export type StartedBroker =
  | { readonly ok: true; readonly broker: KafkaBroker }
  | { readonly ok: false; readonly reason: string };

/** Fetches Kafka where it is missing, and starts a broker; resolves when it takes connections. */
export async function startKafkaBroker(): Promise<StartedBroker> {
  const jars = await fetchKafka();
  if (!jars.ok) return jars;
  const folder = mkdtempSync(join(tmpdir(), "kafka-broker-"));
  const [port = 0, saslPort = 0, controllerPort = 0] = await freePorts(3);
  const properties = join(folder, "server.properties");
  const { username, password } = saslUser;
  const login = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${username}="${password}";`;
  writeFileSync(
    properties,
    Object.entries({
      "process.roles": "broker,controller",
      "node.id": 1,
      "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
      listeners: `PLAIN://127.0.0.1:${port},SASL://127.0.0.1:${saslPort},CONTROLLER://127.0.0.1:${controllerPort}`,
      "advertised.listeners": `PLAIN://127.0.0.1:${port},SASL://127.0.0.1:${saslPort}`,
      "controller.listener.names": "CONTROLLER",
      "listener.security.protocol.map": "PLAIN:PLAINTEXT,SASL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
      "inter.broker.listener.name": "PLAIN",
      "sasl.enabled.mechanisms": "PLAIN",
      "listener.name.sasl.plain.sasl.jaas.config": login,
      "log.dirs": join(folder, "data"),
      "num.partitions": 1,
      "auto.create.topics.enable": false,
      "offsets.topic.replication.factor": 1,
      "offsets.topic.num.partitions": 4,
      "transaction.state.log.replication.factor": 1,
      "transaction.state.log.min.isr": 1,
      "group.initial.rebalance.delay.ms": 0,
      // Tests let members vanish, and wait for the group to notice.
      "group.min.session.timeout.ms": 100,
      // Kafka's own guard against clocks that are wrong: 1 h. Off, so that ours is seen.
      "log.message.timestamp.after.max.ms": "9223372036854775807",
      "log.retention.check.interval.ms": 300,
      "message.max.bytes": 16 * 1024 * 1024,
    })
      .map(([key, value]) => `${key}=${value}\n`)
      .join(""),
  );
  // No shell reads it: java expands the star itself.
  const classPath = ["-cp", `${jars.folder}/*`];
  const format = ["kafka.tools.StorageTool", "format", "-t", "threatbusmispTests1234w", "-c", properties];
  await run("java", [...memory, ...classPath, ...format], { timeout: 120_000 });

  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();
  let output = "";
  const start = async () => {
    output = "";
    const started = spawn("java", [...memory, ...classPath, "kafka.Kafka", properties], {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: folder,
    });
    child = started;
    for (const stream of [started.stdout, started.stderr]) {
      stream.on("data", (chunk: Buffer) => (output = (output + chunk).slice(-10_000)));
    }
    ended = new Promise((resolve) => started.on("exit", () => resolve()));
    while (!(await answers(port))) {
      if (started.exitCode !== null) throw new Error(`the broker has ended: ${output}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const end = (signal: NodeJS.Signals) => async () => {
    child?.kill(signal);
    await ended;
  };
  await start();
  return {
    ok: true,
    broker: {
      brokers: `127.0.0.1:${port}`,
      saslBrokers: `127.0.0.1:${saslPort}`,
      start,
      stop: end("SIGTERM"),
      kill: end("SIGKILL"),
      async remove() {
        await end("SIGKILL")();
        rmSync(folder, { recursive: true, force: true });
      },
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}
