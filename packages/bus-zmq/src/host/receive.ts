import { isFields, type SightingDelivery, type StixObject } from "@tb/misp-core";
import { checkObject } from "../check-object.ts";
import type { Mailbox } from "../mailbox.ts";
import { type OutgoingMessage, toMessage } from "../outgoing-message.ts";
import type { ParsedFrame } from "../parse-frame.ts";
import { describeError } from "../zmq-bus-error.ts";
import { quote, type RefusalReason } from "../zmq-bus-event.ts";
import type { App } from "./app.ts";
import type { Apps } from "./apps.ts";
import type { ForeignSnapshots } from "./foreign-snapshots.ts";
import type { HostSettings } from "./host-options.ts";

/**
 * What apps publish: sightings go to the program and to the apps that want them, indicators to the apps that want them, unless
 * they are ours, and the answers to a snapshot request to who asked. As on the real host an object goes by its type, whatever
 * follows `stix2/`, and comes back to its publisher if that has subscribed to it.
 */
export function createFrameReceiver(
  { isOurs, onEvent }: HostSettings,
  apps: Apps,
  snapshots: ForeignSnapshots,
  sightings: Mailbox<SightingDelivery>,
): (frame: ParsedFrame) => void {
  const refuse = (reason: RefusalReason, detail: string) => onEvent({ kind: "refused", reason, detail });

  const whyNot = (object: StixObject): readonly [RefusalReason, string] | undefined => {
    try {
      return isOurs(object) ? ["ours", `${object.id} comes from MISP, and another app published it`] : undefined;
    } catch (error) {
      return ["unchecked", `${object.id} of another app is not passed on: ${describeError(error)}`];
    }
  };

  /** Checks an object of another app; undefined when it goes no further. */
  const accept = (value: unknown) => {
    const checked = checkObject(value);
    if (!checked.ok) {
      refuse("bad-object", checked.detail);
      return undefined;
    }
    if (checked.type === "indicator") {
      const refusal = whyNot(checked.object);
      if (refusal !== undefined) {
        refuse(...refusal);
        return undefined;
      }
    }
    const message = toMessage(checked.object, false);
    return message === undefined ? undefined : { ...checked, message };
  };

  const relay = (value: unknown) => {
    const accepted = accept(value);
    if (accepted === undefined) return;
    const { type, object, message } = accepted;
    if (type === "sighting" && !sightings.put({ sighting: object, ack: () => undefined })) {
      refuse("sighting-overflow", `no room for ${object.id}: sightings are not read fast enough`);
    }
    let wanted = false;
    for (const app of apps.all()) {
      if (!app.wants.has(type)) continue;
      wanted = true;
      app.outbox.offer([message]);
      void app.outbox.flush();
    }
    if (wanted) onEvent({ kind: "relayed", type });
  };

  const unwrap = (value: unknown) => {
    const id = isFields(value) && value["type"] === "snapshotenvelope" ? value["snapshot_id"] : undefined;
    if (!isFields(value) || typeof id !== "string") return refuse("bad-object", "not a snapshot envelope");
    const requester = snapshots.requesterOf(id);
    if (requester === undefined) return refuse("unknown-snapshot", `nobody waits for the snapshot ${quote(id)}`);
    const accepted = accept(value["body"]);
    if (accepted === undefined) return;
    offerEnvelope(requester, accepted.message);
  };
  const offerEnvelope = ({ number, outbox }: App, message: OutgoingMessage) => {
    // Nobody can be asked to send slower, and the app must not be forgotten for what it asked for.
    if (outbox.snapshotFull) return refuse("too-many-snapshots", `app ${number} reads too slowly`);
    outbox.offerSnapshot([message]);
    void outbox.flush();
  };

  return (frame) => {
    if (!frame.ok) return refuse("bad-frame", frame.detail);
    if (frame.topic.startsWith("stix2/")) return relay(frame.value);
    if (frame.topic === "threatbus/snapshotenvelope") return unwrap(frame.value);
    refuse("unknown-topic", quote(frame.topic));
  };
}
