import type { ModelNotification } from "../../messages/topics.ts";
import { createMispModel, type MispModel } from "../../model.ts";
import { createCountingUuid } from "../../random/source.ts";
import type { RestKey } from "../key.ts";
import { createRestServer, type RestServer, type RestServerOptions } from "../rest-server.ts";

/** The second recording's MISP, as far as its exchanges show it. The owner is organisation 1 here, 2 there. */
export interface RecordedWorld {
  readonly model: MispModel;
  readonly server: RestServer;
  readonly published: ModelNotification[];
  /** Keys of 40 characters, by the recording's names of its users. */
  readonly keys: Readonly<Record<string, string>>;
  /** MISP's clock. */
  readonly clock: { now: number };
}

const users: Readonly<Record<string, Omit<RestKey, "key">>> = {
  owner: { orgId: 1, role: "sighting" },
  a_sight: { orgId: 1, role: "sighting" },
  b_sight: { orgId: 3, role: "sighting", inSharingGroups: true },
  b_ro: { orgId: 3, role: "read-only", inSharingGroups: true },
  b_sync: { orgId: 3, role: "sync", inSharingGroups: true },
  c_sight: { orgId: 4, role: "sighting" },
  admin: { orgId: 5, role: "site-admin" },
};

const uuids = [
  "00165e6e-69f0-4fb8-b7af-4afe69712c78",
  "91290b0d-ac71-42ac-9a36-3215f8f6b8e3",
  "ee45aaa1-de7a-4929-868b-afd79a608b76",
  "fb623ae6-6eb0-449c-95b5-09a284689aa9",
  "b0dc200e-99a8-494b-b6f8-5bedf6d1f2e5",
  "27e8782b-d099-4f8b-8efc-f873af925e7e",
  "ae2c8cd9-71a0-450c-84b1-1c8e43a4af15",
  "172aa9ea-d760-41b8-bbfe-f48a07bd89b5",
];

/** A server on that MISP: event 1 with attributes 1 to 8 and 10, event 2 with attribute 9, tags on attribute 1 and its event. */
export async function createRecordedWorld(options: RestServerOptions = {}): Promise<RecordedWorld> {
  const clock = { now: 1795505876 };
  const published: ModelNotification[] = [];
  const model = createMispModel({
    now: () => clock.now,
    uuid: createCountingUuid(),
    orgs: [
      { id: 1, uuid: "af947d5a-666f-4320-bf0e-2e1057a7663a", name: "Owner CERT", local: true },
      { id: 3, uuid: "028d99c8-03ec-46e7-969d-99fdd1fca24a", name: "Bank B", local: true },
      { id: 4, uuid: "3c645535-1ce2-4726-92c5-47a8ab442169", name: "Bank C", local: true },
      { id: 5, uuid: "fd9de3f6-692d-414f-ac5a-b272454f4651", name: "ORGNAME", local: true },
    ],
  });
  model.addTag({ name: "tlp:amber", colour: "#ffc000" });
  model.addTag({ name: "load:t1", colour: "#111111" });
  model.addTag({ name: "internal:noexport", colour: "#222222", exportable: false });
  model.addTag({ name: "work:local", colour: "#333333" });
  const event = { date: "2026-11-24", distribution: 4 };
  model.addEvent({ ...event, info: "Q1 event", uuid: "86ab52bb-264e-41a5-af3d-8afa003e7d30" });
  model.addEvent({ ...event, info: "Q1 other event", uuid: "fc6ed29e-3fec-4977-b79f-2a684219eef2" });
  const address = (uuid: string, value: string) => ({ type: "ip-dst", uuid, value });
  model.addAttributes({
    eventId: 1,
    attributes: uuids.map((uuid, index) => ({
      ...address(uuid, `198.51.100.${10 + index}`),
      timestamp: clock.now + (index < 4 ? 0 : 1),
    })),
  });
  clock.now++;
  model.softDelete({ id: 8 });
  model.addAttribute({ eventId: 2, ...address("a33b5001-8113-429b-bfcd-dd2d91dc28d2", "198.51.100.99") });
  const orgOnly = address("067dd93b-5f12-4892-bdf2-0bf976741d8f", "198.51.100.77");
  model.addAttribute({ eventId: 1, ...orgOnly, distribution: 0 });
  clock.now = 1795506400;
  const keys = Object.fromEntries(Object.keys(users).map((name) => [name, name.replace("_", "").padEnd(40, "0")]));
  const server = await createRestServer(model, {
    keys: Object.entries(users).map(([name, user]) => ({ key: keys[name] ?? "", ...user })),
    now: () => clock.now,
    publish: (notifications) => void published.push(...notifications),
    ...options,
  });
  return { model, server, published, keys, clock };
}

/** Tags as recorded on attribute 1 and event 1; the clock then stands where the recording's did. */
export function tagAsRecorded({ model, clock }: RecordedWorld): void {
  clock.now = 1795506479;
  for (const tag of [1, 3]) model.attachTag({ id: 1, tag });
  model.attachTag({ id: 1, tag: 4, local: true });
  clock.now = 1795506480;
  for (const tag of [2, 3]) model.tagEvent({ id: 1, tag });
  model.tagEvent({ id: 1, tag: 4, local: true });
}
