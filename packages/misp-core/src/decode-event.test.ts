import { describe, expect, it } from "vitest";
import { readEventPart } from "./decode-event.ts";

const orgc = { id: "5", uuid: "3B53361A-72a6-470d-8035-ffc51285a83d", name: "CERT" };
const org = { orgId: 5, orgUuid: "3b53361a-72a6-470d-8035-ffc51285a83d", orgName: "CERT" };

describe("readEventPart", () => {
  it("the creator organisation inside the event, and beside it", () => {
    expect(readEventPart({ id: "1", orgc_id: "5", Orgc: orgc })).toEqual(org);
    expect(readEventPart({ id: "1", orgc_id: "5" }, orgc)).toEqual(org);
  });

  it("its id from orgc_id, else from the organisation; never from org_id, who owns the event on this instance", () => {
    expect(readEventPart({ orgc_id: "7", org_id: "1" })).toEqual({ orgId: 7, ownerOrgId: 1 });
    expect(readEventPart({ org_id: "1", Orgc: { id: 5 } })).toEqual({ orgId: 5, ownerOrgId: 1 });
    expect(readEventPart({ org_id: "1", orgc_id: "0", Orgc: null })).toEqual({ ownerOrgId: 1 });
  });

  it.each([0, "0", 5, "5"])("distribution %j", (distribution) => {
    expect(readEventPart({ distribution })).toEqual({ distribution: Number(distribution) });
  });

  it("what is unreadable is unknown, and refuses nothing", () => {
    expect(readEventPart({ uuid: "x", info: 5, orgc_id: "x", Orgc: [], distribution: 6 })).toEqual({});
  });
});
