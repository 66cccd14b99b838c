/**
 * A MISP with very many attributes, as a child process: rows are rendered before they are asked for, so that whoever reads is what
 * takes time. The text of a row is that of the simulator's REST server, with other values. argv: how many attributes; how many rows a second it answers
 * with at most (0: as fast as it can).
 *
 * IPC: once { url, key, zmqPort, events }; then { forget } → { forgotten }, { requests } → { requests, rows },
 * { change: share } → { events, rows }, { subscribed } → { subscribed }, { live: { rate, seconds } } → { sent } at the end.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  createCountingUuid,
  createMispModel,
  createRandom,
  createRestServer,
  createZmqPublisher,
  exampleKeys,
} from "@tb/misp-simulator";
import { attributeMessage, eventOf, uuidOf } from "./messages.ts";

type Command =
  | { readonly forget: true }
  | { readonly requests: true }
  /** So many of the events get edited attributes, and with them another version. */
  | { readonly change: number }
  /** Answered when so many subscribe. */
  | { readonly subscribed: number }
  /** Edits that are published, and that REST shows. Their comment is the time of sending. */
  | { readonly live: { readonly rate: number; readonly seconds: number } };

/** The organisation that the rows are of, and the one in the messages. */
const ownOrg = "6c1f3b0e-9d52-4f0e-8a53-0b6d1f6f3a01";
const otherOrg = "3b53361a-72a6-470d-8035-ffc51285a83d";
const attributes = Number(process.argv[2] ?? 1_000_000);
const rowsPerSecond = Number(process.argv[3] ?? 0);
const perEvent = 50;
const random = createRandom(7);
const firstSecond = 1_795_494_395;
/** Long after the latest change, so that nothing counts as changed just now. */
let second = firstSecond + 3_600;

/** Each part of a row's text that differs between rows stands between two of these. */
const parts = await rowTemplate();

interface EventState {
  timestamp: number;
  /** The rows' texts one behind the other, each with a comma in front. */
  text: Buffer;
  /** Where each begins, and where the last ends. */
  offsets: number[];
}
const comments = new Map<number, string>();
const timestamps = new Map<number, number>();
const events = new Map<number, EventState>();

function idsOf(eventId: number): number[] {
  const first = Math.max(1, (eventId - 1) * perEvent);
  return Array.from({ length: Math.min(eventId * perEvent, attributes + 1) - first }, (_, i) => first + i);
}

function render(eventId: number): void {
  const timestamp = events.get(eventId)?.timestamp ?? firstSecond;
  const offsets = [0];
  let text = "";
  let length = 0;
  for (const id of idsOf(eventId)) {
    const values: Readonly<Record<string, string>> = {
      id: String(id),
      eventId: String(eventId),
      uuid: uuidOf(id),
      eventUuid: uuidOf(1_000_000_000 + eventId),
      timestamp: String(timestamps.get(id) ?? firstSecond),
      eventTimestamp: String(timestamp),
      comment: comments.get(id) ?? "",
      value: `host-${id}.load.example`,
    };
    let row = ",";
    for (const part of parts) row += values[part] ?? part;
    length += Buffer.byteLength(row);
    offsets.push(length);
    text += row;
  }
  events.set(eventId, { timestamp, text: Buffer.from(text), offsets });
}

/** The text of a row that the simulator's own server answers with, cut at its values. */
async function rowTemplate(): Promise<string[]> {
  const model = createMispModel({ now: () => 1_700_000_001, uuid: createCountingUuid() });
  await using server = await createRestServer(model);
  model.importEvent({ info: "Generated load", timestamp: 1_700_000_002, tags: [{ name: "tlp:amber" }] });
  model.addAttribute({ eventId: 1, type: "domain", value: "@value@", comment: "@comment@", timestamp: 1_700_000_003 });
  const [row] = model.attributes();
  const event = model.state.events.get(1);
  if (row === undefined || event === undefined) throw new Error("the model lost its attribute");
  event.timestamp = 1_700_000_002;
  const answer = await fetch(`${server.url}/attributes/restSearch`, {
    method: "POST",
    headers: {
      accept: "application/json",
      "content-type": "application/json",
      authorization: exampleKeys.own.key,
    },
    body: JSON.stringify({ eventid: [1], deleted: [0, 1], includeContext: 1, includeAllTags: 1, limit: 10 }),
  });
  const { response } = (await answer.json()) as { response: { Attribute: { id: string; Event: { id: string } }[] } };
  const [found] = response.Attribute;
  if (found === undefined) throw new Error("the simulator answered with no row");
  const text = JSON.stringify({
    ...found,
    id: "@id@",
    event_id: "@eventId@",
    Event: { ...found.Event, id: "@eventId@" },
  })
    .replaceAll(row.uuid, "@uuid@")
    .replaceAll(event.uuid, "@eventUuid@")
    .replaceAll("1700000003", "@timestamp@")
    .replaceAll("1700000002", "@eventTimestamp@");
  return text.split("@");
}

for (let eventId = 1; eventId <= eventOf(attributes); eventId++) render(eventId);

let index: Buffer | undefined;
function eventIndex(): Buffer {
  index ??= Buffer.from(
    JSON.stringify(
      [...events].map(([id, { timestamp }]) => ({
        id: String(id),
        timestamp: String(timestamp),
        sighting_timestamp: "0",
        published: false,
        uuid: uuidOf(1_000_000_000 + id),
        orgc_uuid: ownOrg,
      })),
    ),
  );
  return index;
}

/** Rows of these events, or with these uuids, from `offset` on; the ids of one event follow those of the one before it. */
function search(wanted: { eventid?: number[]; uuid?: string[] }, offset: number, limit: number): Buffer[] {
  if (wanted.uuid !== undefined) {
    return wanted.uuid.flatMap((uuid) => {
      const id = Number.parseInt(uuid.slice(24), 16);
      const event = events.get(eventOf(id));
      const position = id - (idsOf(eventOf(id))[0] ?? 0);
      return event === undefined ? [] : [event.text.subarray(event.offsets[position], event.offsets[position + 1])];
    });
  }
  const found: Buffer[] = [];
  let skip = offset;
  let left = limit;
  for (const id of (wanted.eventid ?? []).map(Number).toSorted((a, b) => a - b)) {
    const event = events.get(id);
    if (event === undefined) continue;
    const count = event.offsets.length - 1;
    const from = Math.min(skip, count);
    const taken = Math.min(left, count - from);
    skip -= from;
    left -= taken;
    if (taken > 0) found.push(event.text.subarray(event.offsets[from], event.offsets[from + taken]));
    sent.rows += taken;
    if (left === 0) break;
  }
  return found;
}

const sent = { requests: [] as string[], rows: 0 };
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", async () => {
    const path = request.url ?? "";
    sent.requests.push(path);
    response.setHeader("Content-Type", "application/json; charset=UTF-8");
    response.setHeader("Date", new Date(second * 1000).toUTCString());
    if (path.startsWith("/events/index")) {
      response.setHeader("X-Result-Count", String(events.size));
      response.end(eventIndex());
    } else if (path.startsWith("/tags/index")) {
      response.end('{"Tag":[{"id":"1","name":"tlp:amber","colour":"#ffc000","exportable":true}]}');
    } else if (path.startsWith("/servers/getVersion")) {
      response.end('{"version":"2.5.1","perm_sync":true,"perm_sighting":true,"request_encoding":["gzip"]}');
    } else if (path.startsWith("/attributes/restSearch")) {
      const { limit, page, ...wanted } = JSON.parse(Buffer.concat(chunks).toString());
      const before = sent.rows;
      const pieces = search(wanted, (page - 1) * limit, limit);
      const returned = sent.rows - before;
      if (rowsPerSecond > 0) await sleep((1000 * returned) / rowsPerSecond);
      response.setHeader("X-Skipped-Elements-Count", "0");
      // Recorded: the rows, one more on a full page, 1 on an empty one.
      response.setHeader("X-Result-Count", String(returned === 0 || returned === limit ? returned + 1 : returned));
      response.write('{"response": {"Attribute": [');
      for (const [n, piece] of pieces.entries()) response.write(n === 0 ? piece.subarray(1) : piece);
      response.end("]}}\n");
    } else {
      response.statusCode = 404;
      response.end("{}");
    }
  });
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const publisher = await createZmqPublisher({ highWaterMark: 0, watchSubscriptions: true, heartbeatAfterMs: 0 });

/** Another comment on one attribute, as REST shows it from now on. */
function edit(id: number, comment: string): void {
  comments.set(id, comment);
  timestamps.set(id, second);
  const event = events.get(eventOf(id));
  if (event === undefined) return;
  event.timestamp = second;
  render(eventOf(id));
  index = undefined;
}

async function live(rate: number, seconds: number): Promise<number> {
  const begin = performance.now();
  const beginSecond = second + 60;
  const count = rate * seconds;
  for (let i = 0; i < count; i++) {
    const dueMs = begin + (1000 * i) / rate;
    while (performance.now() < dueMs) await new Promise((resolve) => setTimeout(resolve, 0));
    second = beginSecond + Math.floor((performance.now() - begin) / 1000);
    const id = 1 + random(attributes);
    const comment = String(Date.now() + (performance.now() % 1));
    edit(id, comment);
    await publisher.publishFrame(attributeMessage("edit", id, comment, second).replace(otherOrg, ownOrg));
  }
  return count;
}

process.on("message", async (command: Command) => {
  if ("forget" in command) {
    sent.requests = [];
    sent.rows = 0;
    process.send?.({ forgotten: true });
  } else if ("requests" in command) {
    process.send?.({ requests: sent.requests, rows: sent.rows });
  } else if ("change" in command) {
    second += 60;
    const changed = new Set<number>();
    const wanted = Math.round(events.size * command.change);
    while (changed.size < wanted) {
      const eventId = 1 + random(events.size);
      if (changed.has(eventId)) continue;
      changed.add(eventId);
      const ids = idsOf(eventId);
      for (let n = 0; n < 5; n++) edit(ids[random(ids.length)] ?? 1, `changed at ${second}`);
    }
    // Older than what a look counts as the latest.
    second += 60;
    process.send?.({ events: changed.size });
  } else if ("subscribed" in command) {
    await publisher.subscriptions.atLeast("misp_json_attribute ", command.subscribed);
    process.send?.({ subscribed: true });
  } else {
    process.send?.({ sent: await live(command.live.rate, command.live.seconds) });
  }
});
process.on("disconnect", () => process.exit());
const { port } = server.address() as AddressInfo;
process.send?.({
  url: `http://127.0.0.1:${port}`,
  key: exampleKeys.own.key,
  zmqPort: publisher.port,
  events: events.size,
});
