import type { Bus, SightingDelivery } from "@tb/misp-core";
import type { ObjectType } from "../check-object.ts";
import { isLoopback } from "../endpoint.ts";
import { createMailbox } from "../mailbox.ts";
import { toMessages, toSnapshotRequest } from "../outgoing-message.ts";
import { createSnapshotGate, type ZmqSnapshotRequest } from "../snapshot-gate.ts";
import { createBusStatusFeed } from "../status-feed.ts";
import { ZmqBusError } from "../zmq-bus-error.ts";
import type { App } from "./app.ts";
import { createApps } from "./apps.ts";
import { createForeignSnapshots } from "./foreign-snapshots.ts";
import { toHostSettings, type ZmqHostBusOptions } from "./host-options.ts";
import { type Management, openManagement } from "./management.ts";
import type { ManagementRequest } from "./parse-request.ts";
import { openPublisher, type Publisher } from "./publisher.ts";
import { createFrameReceiver } from "./receive.ts";
import { openReceiver, type Receiver } from "./receiver.ts";

const dayMs = 86_400_000;

/** A bus that apps connect to. */
export interface ZmqHostBus extends Bus {
  /** The ports that it listens on, also when they were left to the system. */
  readonly ports: { readonly manage: number; readonly pub: number; readonly sub: number };
  /** Each app that wants indicators asks, also with 0 days (then only for the latest removals). */
  snapshotRequests(options: { readonly signal: AbortSignal }): AsyncIterable<ZmqSnapshotRequest>;
}

/**
 * Hosts the Threat Bus app protocol: existing apps connect as they would to Threat Bus. Listens from the call on.
 *
 * `publish` never waits for an app: a slow one catches up from what is kept for it, or is forgotten and subscribes again.
 *
 * @throws ZmqBusError when the options make no sense or a port cannot be opened
 */
export function createZmqHostBus(options: ZmqHostBusOptions = {}): ZmqHostBus {
  const settings = toHostSettings(options);
  const { host, onEvent, renderAgain } = settings;
  const sightings = createMailbox<SightingDelivery>(settings.maxSightings);
  const gate = createSnapshotGate(settings.maxSnapshots, settings.maxApps);
  const snapshots = createForeignSnapshots();
  const feed = createBusStatusFeed({ state: "up", detail: `hosting the Threat Bus app protocol on ${host}` });
  let disposed = false;
  let publisher: Publisher | undefined;
  let receiver: Receiver | undefined;
  let management: Management | undefined;

  const requestSnapshots = (app: App) => {
    const { outbox, wants, snapshotDays } = app;
    if (snapshotDays > 0 && wants.size > 0) {
      const id = snapshots.begin(app);
      const messages = [...wants].map((type) => toSnapshotRequest(type, id, snapshotDays));
      for (const other of apps.all()) {
        if (other === app) continue;
        other.outbox.offer(messages);
        void other.outbox.flush();
      }
    }
    if (!wants.has("indicator")) return;
    gate.request({
      sinceMs: snapshotDays * dayMs,
      signal: app.gone.signal,
      async send(chunk) {
        outbox.offerSnapshot(toMessages(chunk, false));
        void outbox.flush();
        await outbox.snapshotFlushed();
      },
    });
  };

  const apps = createApps({
    maxApps: settings.maxApps,
    silenceTimeoutMs: settings.silenceTimeoutMs,
    outbox: {
      send: (text) => publisher?.send(text) ?? Promise.resolve(false),
      renderAgain,
      stallTimeoutMs: settings.stallTimeoutMs,
      snapshotStallTimeoutMs: settings.snapshotStallTimeoutMs,
      pipeLength: settings.pipeLength,
      maxWaiting: settings.maxWaiting,
      maxWaitingCharacters: settings.maxWaitingCharacters,
    },
    onListening: requestSnapshots,
    onBehind: (detail) => feed.tell({ state: "consumer-behind", detail }),
    onEvent,
  });

  const answer = (request: ManagementRequest): object => {
    const status = (ok: boolean) => ({ status: ok ? "success" : "error" });
    if (request.action === "heartbeat") return status(apps.heartbeat(request.topic));
    if (request.action === "unsubscribe") return status(apps.unsubscribe(request.topic));
    const app = apps.subscribe(request);
    if (app !== undefined) return { topic: app.topic, pub_port: ports.pub, sub_port: ports.sub, status: "success" };
    onEvent({ kind: "refused", reason: "too-many-apps", detail: `${settings.maxApps} apps have subscribed already` });
    return { status: "error" };
  };

  const closeSockets = async () => {
    await Promise.all([management?.close(), receiver?.close(), publisher?.close()]);
  };

  try {
    publisher = openPublisher({
      endpoint: settings.pub,
      pipeLength: settings.pipeLength,
      mayListen: apps.mayListen,
      onSubscribe: apps.listen,
      onUnsubscribe: apps.unlisten,
    });
    receiver = openReceiver({
      endpoint: settings.sub,
      maxMessageBytes: settings.maxMessageBytes,
      onFrame: createFrameReceiver(settings, apps, snapshots, sightings),
    });
    management = openManagement({
      endpoint: settings.manage,
      answer,
      onBadRequest: (detail) => onEvent({ kind: "refused", reason: "bad-request", detail }),
    });
  } catch (error) {
    void closeSockets();
    throw error;
  }
  const ports = { manage: management.port, pub: publisher.port, sub: receiver.port };
  if (!isLoopback(host)) {
    const detail = `zmq.host is ${host}: whoever reaches ports ${Object.values(ports).join(", ")} can read and send everything, unencrypted`;
    onEvent({ kind: "exposed", detail });
  }

  return {
    ports,
    async publish(objects) {
      if (disposed) throw new ZmqBusError("disposed", "the Threat Bus host was closed");
      const wanting = [...apps.all()].filter(({ wants }) => wants.size > 0);
      if (wanting.length === 0) return;
      const messages = toMessages(objects, renderAgain !== undefined);
      const flushes: Promise<void>[] = [];
      for (const { wants, outbox } of wanting) {
        outbox.offer(messages.filter(({ kind }) => wants.has(kind as ObjectType)));
        flushes.push(outbox.flush());
      }
      await Promise.all(flushes);
    },
    sightings: ({ signal }) => sightings.read(signal),
    snapshotRequests: ({ signal }) => gate.read(signal),
    status: () => feed.read(),
    async [Symbol.asyncDispose]() {
      if (!disposed) {
        disposed = true;
        feed.end({ state: "down", detail: "the Threat Bus host was closed" });
        sightings.close();
        gate.close();
        apps.close();
      }
      await closeSockets();
    },
  };
}
