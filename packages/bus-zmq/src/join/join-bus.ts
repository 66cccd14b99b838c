import { type Bus, isFields, type SightingDelivery, type StixObject } from "@tb/misp-core";
import { checkObject } from "../check-object.ts";
import { createMailbox } from "../mailbox.ts";
import { toMessages } from "../outgoing-message.ts";
import type { ParsedFrame } from "../parse-frame.ts";
import { pause } from "../pause.ts";
import { createSnapshotGate, type ZmqSnapshotRequest } from "../snapshot-gate.ts";
import { createBusStatusFeed } from "../status-feed.ts";
import { ZmqBusError } from "../zmq-bus-error.ts";
import { quote, type RefusalReason } from "../zmq-bus-event.ts";
import { askHost } from "./ask-host.ts";
import { toJoinSettings, type ZmqJoinBusOptions } from "./join-options.ts";
import { createOutgoing } from "./outgoing.ts";
import { openSession, type Session } from "./session.ts";

const retryMs = 250;
const maxRetryMs = 5_000;
/** Shutdown has 5 s for everything: a host that does not answer is left as it is. */
const farewellMs = 1_000;
const maxWaitingSnapshots = 64;
const maxSnapshotMs = 3_650 * 86_400_000;
const indicatorSnapshot = 1;

/** A bus at a Threat Bus that runs elsewhere. */
export interface ZmqJoinBus extends Bus {
  snapshotRequests(options: { readonly signal: AbortSignal }): AsyncIterable<ZmqSnapshotRequest>;
}

/**
 * Joins a running Threat Bus as one of its apps, and stays joined: it connects at once and keeps trying; status tells.
 *
 * A joined host confirms nothing, so after it was lost, what was handed over since 10 s before its last good heartbeat goes out
 * once more, removals included. While the host is lost, or what has to be remembered for that is too much, `publish` waits.
 *
 * @throws ZmqBusError when the options make no sense
 */
export function createZmqJoinBus(options: ZmqJoinBusOptions): ZmqJoinBus {
  const settings = toJoinSettings(options);
  const { manage, onEvent, answerTimeoutMs } = settings;
  const sightings = createMailbox<SightingDelivery>(settings.maxSightings);
  const gate = createSnapshotGate(settings.maxSnapshots, maxWaitingSnapshots);
  const feed = createBusStatusFeed({ state: "down", detail: `joining the Threat Bus at ${manage.address}` });
  const outgoing = createOutgoing(settings, (detail) => feed.tell({ state: "consumer-behind", detail }));
  const disposal = new AbortController();
  let session: Session | undefined;
  let finished: Promise<void> = Promise.resolve();

  const refuse = (reason: RefusalReason, detail: string) => onEvent({ kind: "refused", reason, detail });

  const onSnapshotRequest = (value: unknown) => {
    const asker = session;
    if (asker === undefined || !isFields(value) || value["type"] !== "snapshotrequest") {
      return refuse("bad-object", "not a snapshot request");
    }
    const { snapshot_type: type, snapshot_id: id, snapshot: seconds } = value;
    // The other type is sightings, and the program keeps none.
    if (type !== indicatorSnapshot) return;
    if (typeof id !== "string" || id.length > 255 || typeof seconds !== "number" || !(seconds >= 0 && seconds < 1e12)) {
      return refuse("bad-object", "a snapshot request without an id, or with a time that is none");
    }
    const wrap = (text: string) =>
      `threatbus/snapshotenvelope {"type":"snapshotenvelope","snapshot_type":1,"snapshot_id":${JSON.stringify(id)},"body":${text}}`;
    const { signal } = asker;
    const send = (chunk: readonly StixObject[]) =>
      outgoing.hand({ messages: toMessages(chunk, false), wrap, remember: false, signal });
    if (!gate.request({ sinceMs: Math.min(seconds * 1_000, maxSnapshotMs), signal, send })) {
      refuse("too-many-snapshots", `${maxWaitingSnapshots} snapshot requests wait already`);
    }
  };

  const onFrame = (frame: ParsedFrame, topic: string) => {
    if (!frame.ok) return refuse("bad-frame", frame.detail);
    const kind = frame.topic.slice(topic.length);
    if (kind === "snapshotrequest") return onSnapshotRequest(frame.value);
    if (kind !== "sighting") return refuse("unknown-topic", quote(kind));
    const checked = checkObject(frame.value);
    if (!checked.ok || checked.type !== "sighting") {
      return refuse("bad-object", checked.ok ? "an indicator sent as a sighting" : checked.detail);
    }
    if (!sightings.put({ sighting: checked.object, ack: () => undefined })) {
      refuse("sighting-overflow", `no room for ${checked.object.id}: sightings are not read fast enough`);
    }
  };

  /** Says why the session is over. */
  const keepAlive = async ({
    topic,
    signal,
  }: Session): Promise<{ readonly detail: string; readonly forgotten: boolean }> => {
    for (;;) {
      await pause(settings.heartbeatIntervalMs, signal);
      const sentAtMs = performance.now();
      const answered = await askHost(manage, { action: "heartbeat", topic }, answerTimeoutMs, signal);
      if (signal.aborted) return { detail: String(signal.reason), forgotten: false };
      if (!answered.ok) return { detail: answered.detail, forgotten: false };
      if (answered.answer["status"] !== "success") return { detail: "the host has forgotten us", forgotten: true };
      outgoing.confirmBefore(sentAtMs - settings.repeatMs);
    }
  };
  const farewell = (topic: string, timeoutMs: number, signal: AbortSignal) =>
    askHost(manage, { action: "unsubscribe", topic }, timeoutMs, signal);

  const stayJoined = async () => {
    const { signal } = disposal;
    /** A topic that the host may still serve: it never drops one by itself. */
    let left: string | undefined;
    let joinedBefore = false;
    let delayMs = retryMs;
    while (!signal.aborted) {
      const opened = await openSession(settings, signal, onFrame);
      if (signal.aborted) {
        if (opened.ok) session = opened.session;
        else left ??= opened.topic;
        break;
      }
      const contacted = opened.ok || opened.topic !== undefined;
      if (left !== undefined && contacted) {
        await farewell(left, answerTimeoutMs, signal);
        left = undefined;
      }
      if (opened.ok) {
        session = opened.session;
        delayMs = retryMs;
        const repeated = outgoing.begin(session);
        feed.tell({ state: "up", detail: `joined the Threat Bus at ${manage.address}` });
        if (joinedBefore) onEvent({ kind: "rejoined", repeated, detail: `${repeated} objects go out once more` });
        joinedBefore = true;
        const over = await keepAlive(session);
        if (signal.aborted) break;
        outgoing.pause();
        session.lose(over.detail);
        feed.tell({ state: "down", detail: `${over.detail}; joining again` });
        if (!over.forgotten) left = session.topic;
        await session.close(false);
        session = undefined;
      } else {
        left ??= opened.topic;
        feed.tell({ state: "down", detail: `${opened.detail}; trying again` });
        onEvent({ kind: "join-failed", detail: opened.detail });
        await pause(delayMs, signal);
        delayMs = Math.min(2 * delayMs, maxRetryMs);
      }
    }
    const topic = session?.topic ?? left;
    if (topic !== undefined) await farewell(topic, Math.min(answerTimeoutMs, farewellMs), new AbortController().signal);
    await session?.close(true);
  };
  finished = stayJoined();

  return {
    publish: (objects) =>
      outgoing.hand({
        messages: toMessages(objects, settings.renderAgain !== undefined),
        wrap: (text, { kind }) => `stix2/${kind} ${text}`,
        remember: true,
      }),
    sightings: ({ signal }) => sightings.read(signal),
    snapshotRequests: ({ signal }) => gate.read(signal),
    status: () => feed.read(),
    async [Symbol.asyncDispose]() {
      if (!disposal.signal.aborted) {
        disposal.abort();
        const error = new ZmqBusError("disposed", "the connection to the Threat Bus was closed by the program");
        feed.end({ state: "down", detail: error.message });
        sightings.close();
        gate.close();
        outgoing.close(error);
        session?.lose("closed");
      }
      await finished;
    },
  };
}
