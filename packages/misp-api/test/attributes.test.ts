import { mispTypes } from "@tb/misp-core";
import { describe, expect, it } from "vitest";
import type { MispApi, Rows } from "../src/index.ts";
import { recorded } from "./recordings.ts";
import { answer, openApi, openRecorded, type Received, startServer } from "./server.ts";

const uuid = "00165e6e-69f0-4fb8-b7af-4afe69712c78";

async function collect(rows: AsyncIterable<Rows>): Promise<Rows[]> {
  const all: Rows[] = [];
  for await (const part of rows) all.push(part);
  return all;
}

const idsOf = (parts: readonly Rows[]) => parts.flatMap(({ rows }) => rows.map((row) => (row as { id: unknown }).id));

interface Query {
  readonly eventid?: readonly number[];
  readonly uuid?: readonly string[];
  readonly limit: number;
  readonly page: number;
}

/** MISP's search over rows with these ids, with its headers as recorded, and what each request asked. */
async function openSearch(
  ids: readonly number[],
  fail: (query: Query, call: number) => number | "cut" | "silent" | undefined = () => undefined,
) {
  const queries: Query[] = [];
  const server = await startServer(({ body }: Received, response) => {
    const query = JSON.parse(body) as Query;
    queries.push(query);
    const failure = fail(query, queries.length);
    if (failure === "silent") return;
    if (failure === "cut") return answer(response, 200, '{"response": {"Attribute": [{"id"');
    if (failure !== undefined) return answer(response, failure, { message: "An Internal Error Has Occurred." });
    const rows = ids.slice((query.page - 1) * query.limit, query.page * query.limit).map((id) => ({ id: String(id) }));
    const counted = rows.length === query.limit ? rows.length + 1 : rows.length === 0 ? 1 : rows.length;
    answer(response, 200, { response: { Attribute: rows } }, { "X-Result-Count": String(counted) });
  });
  return { api: openApi({ host: server.url, timeoutMs: 1_000 }), queries, server };
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("attributes of events", () => {
  it("asks for deleted rows, the whole context, all tags, in the order of ids, and hands the rows over as they are", async () => {
    const exchange = recorded('{"includeAllTags": 1, "includeEventTags": 1, "includeContext": 1}');
    const server = await startServer((_, response) =>
      answer(response, 200, exchange.response.body, exchange.response.headers),
    );
    const api = openApi({ host: server.url, now: () => 77.5 });
    expect(await collect(api.attributesOf([1, 4]))).toEqual([
      { rows: JSON.parse(exchange.response.body).response.Attribute, requestedAtMs: 77.5 },
    ]);
    expect(server.received).toMatchObject([
      { method: "POST", path: "/attributes/restSearch", headers: { "content-type": "application/json" } },
    ]);
    expect(JSON.parse(server.received[0]?.body ?? "")).toEqual({
      returnFormat: "json",
      eventid: [1, 4],
      deleted: [0, 1],
      includeContext: 1,
      includeAllTags: 1,
      order: "Attribute.id asc",
      limit: 5_000,
      page: 1,
    });
  });

  it("no events are no request: to MISP an empty list means everything", async () => {
    const { api, queries } = await openSearch(range(3));
    expect(await collect(api.attributesOf([]))).toEqual([]);
    expect(queries).toEqual([]);
  });

  it("asks once for an event that is named twice", async () => {
    const { api, queries } = await openSearch(range(3));
    await collect(api.attributesOf([4, 4, 5]));
    expect(queries.map(({ eventid }) => eventid)).toEqual([[4, 5]]);
  });

  it("of every type that MISP has", async () => {
    const { api, queries } = await openSearch([1]);
    await collect(api.attributesOf([4], { types: mispTypes }));
    expect(queries).toMatchObject([{ type: mispTypes }]);
  });

  it("of some types only, and of none without a request", async () => {
    const { api, queries } = await openSearch(range(3));
    await collect(api.attributesOf([4], { types: ["ip-src|port", "x509-fingerprint-sha1", "AS"] }));
    expect(queries).toMatchObject([{ eventid: [4], type: ["ip-src|port", "x509-fingerprint-sha1", "AS"] }]);
    expect(await collect(api.attributesOf([4], { types: [] }))).toEqual([]);
    expect(queries).toHaveLength(1);
    for (const type of ["!domain", "ip%", "a&&!b", "a||b", ""]) {
      await expect(collect(api.attributesOf([4], { types: [type] }))).rejects.toThrow(RangeError);
    }
    expect(queries).toHaveLength(1);
  });

  it.each([0, -1, 1.5, Number.NaN])(
    "%d is no event id and not sent: MISP reads -1 or !3 as something else",
    async (id) => {
      const { api, queries } = await openSearch(range(3));
      await expect(collect(api.attributesOf([1, id]))).rejects.toThrow(RangeError);
      expect(queries).toEqual([]);
    },
  );

  it.each([
    [0, 1],
    [3, 1],
    [4, 2],
    [9, 3],
    [12, 4],
  ])("%i rows in pages of 4 are %i requests, and each row comes once", async (count, requests) => {
    const { api, queries } = await openSearch(range(count));
    expect(idsOf(await collect(api.attributesOf([1], { pageSize: 4 })))).toEqual(range(count).map(String));
    expect(queries.map(({ page }) => page)).toEqual(range(requests));
  });

  it("the recorded page beyond the end says that it counted 1, and ends the walk", async () => {
    const { api, server } = await openRecorded("page beyond the end");
    expect(await collect(api.attributesOf([4], { pageSize: 1 }))).toEqual([]);
    expect(server.received).toHaveLength(1);
  });

  it("a page from which MISP took rows after counting them is not the last", async () => {
    let call = 0;
    const server = await startServer((_, response) => {
      const rows = [[{ id: 1 }], [], [{ id: 3 }], [], [{ id: 9 }]][call++];
      // Warning lists and decay are told as skipped; allow-list entries are not, and show in the count before them alone.
      const skipped = ["3", "4", "0", "0", "0"][call - 1] ?? "";
      const counted = ["4", "4", "5", "5", "1"][call - 1] ?? "";
      const headers = { "X-Skipped-Elements-Count": skipped, "X-Result-Count": counted };
      answer(response, 200, { response: { Attribute: rows } }, headers);
    });
    const api = openApi({ host: server.url });
    expect(idsOf(await collect(api.attributesOf([1], { pageSize: 4 })))).toEqual([1, 3, 9]);
  });

  it("one row more than asked for is no answer to what was asked", async () => {
    const server = await startServer((_, response) =>
      answer(response, 200, { response: { Attribute: range(5).map((id) => ({ id })) } }),
    );
    const api = openApi({ host: server.url });
    await expect(collect(api.attributesOf([1], { pageSize: 4 }))).rejects.toMatchObject({ code: "unexpected-answer" });
  });

  it("the next page is asked for only when this one has been taken", async () => {
    const { api, queries } = await openSearch(range(9));
    for await (const { rows } of api.attributesOf([1], { pageSize: 4 })) {
      expect(rows).toHaveLength(4);
      break;
    }
    expect(queries).toHaveLength(1);
  });
});

describe("a page that fails", () => {
  it.each([500, 504, "cut", "silent"] as const)("for its size (%s) is asked for in halves", async (failure) => {
    const ids = range(90);
    const { api, queries } = await openSearch(ids, ({ limit }) => (limit > 25 ? failure : undefined));
    expect(idsOf(await collect(api.attributesOf([1], { pageSize: 100 })))).toEqual(ids.map(String));
    expect(queries.map(({ limit }) => limit)).toEqual([100, 50, 25, 25, 25, 25]);
  });

  it("in the middle goes on where it stood: nothing twice, nothing left out", async () => {
    const ids = range(700).map((id) => id * 3);
    for (const pageSize of [7, 64, 100, 333]) {
      const { api } = await openSearch(ids, ({ limit, page }) => (page * limit > 350 && limit > 20 ? 500 : undefined));
      const parts = await collect(api.attributesOf([1], { pageSize }));
      expect(idsOf(parts)).toEqual(ids.map(String));
    }
  });

  it("for another reason does not go on", async () => {
    for (const status of [403, 405, 429, 503]) {
      const { api, queries } = await openSearch(range(9), () => status);
      await expect(collect(api.attributesOf([1]))).rejects.toMatchObject({ status });
      expect(queries).toHaveLength(1);
    }
  });

  it("whatever its size fails after four halvings", async () => {
    const { api, queries } = await openSearch(range(9), () => 500);
    await expect(collect(api.attributesOf([1]))).rejects.toMatchObject({ code: "server-error" });
    expect(queries.map(({ limit }) => limit)).toEqual([5_000, 2_500, 1_250, 625, 313]);
  });
});

describe("pages that cannot be trusted", () => {
  const openPages = async (pageOf: (page: number) => readonly number[]): Promise<MispApi> => {
    const server = await startServer(({ body }, response) => {
      const rows = pageOf((JSON.parse(body) as Query).page).map((id) => ({ id }));
      answer(response, 200, { response: { Attribute: rows } });
    });
    return openApi({ host: server.url });
  };

  it("the same one for ever", async () => {
    const api = await openPages(() => [1, 2]);
    await expect(collect(api.attributesOf([1], { pageSize: 2 }))).rejects.toMatchObject({ code: "unexpected-answer" });
  });

  it.each([
    ["full", [2, 1]],
    ["last", [9, 8]],
  ])("a %s one in another order", async (which, ids) => {
    const api = await openPages((page) => (which === "full" || page > 1 ? ids : [1, 2, 3]));
    const pageSize = which === "full" ? 2 : 3;
    await expect(collect(api.attributesOf([1], { pageSize }))).rejects.toMatchObject({ code: "unexpected-answer" });
  });

  it("one page that is all there is may be in any order", async () => {
    const api = await openPages(() => [3, 1, 2]);
    expect(idsOf(await collect(api.attributesOf([1], { pageSize: 5 })))).toEqual([3, 1, 2]);
  });

  it("rows of earlier pages that vanish meanwhile do not end the walk", async () => {
    // Between the first page and the second, two rows came to stand before those that were read.
    const api = await openPages((page) => [[10, 11], [10, 11], [12]][page - 1] ?? []);
    expect(idsOf(await collect(api.attributesOf([1], { pageSize: 2 })))).toEqual([10, 11, 12]);
  });

  it("a row without an id is handed over too: whoever reads rows counts what it refuses", async () => {
    const server = await startServer((_, response) =>
      answer(response, 200, { response: { Attribute: [{ id: 1 }, null, { id: "x" }] } }),
    );
    const api = openApi({ host: server.url });
    expect(await collect(api.attributesOf([1]))).toMatchObject([{ rows: [{ id: 1 }, null, { id: "x" }] }]);
  });
});

describe("attributes by UUID", () => {
  it("asks with a limit of as many as there are, in lower case, each once", async () => {
    const { api, queries } = await openSearch([1]);
    const [part] = await collect(api.attributesByUuid([uuid.toUpperCase(), uuid]));
    expect(part?.rows).toEqual([{ id: "1" }]);
    expect(queries).toMatchObject([{ uuid: [uuid], limit: 1, page: 1, deleted: [0, 1], includeContext: 1 }]);
  });

  it("in chunks of a thousand", async () => {
    const { api, queries } = await openSearch(range(5));
    const uuids = range(2_500).map((n) => `00165e6e-69f0-4fb8-b7af-${n.toString(16).padStart(12, "0")}`);
    expect(await collect(api.attributesByUuid(uuids))).toHaveLength(3);
    expect(queries.map(({ uuid }) => uuid?.length)).toEqual([1_000, 1_000, 500]);
  });

  it("none are no request: to MISP an empty list means everything", async () => {
    const { api, queries } = await openSearch(range(3));
    expect(await collect(api.attributesByUuid([]))).toEqual([]);
    expect(queries).toEqual([]);
  });

  it("what is no UUID is not sent", async () => {
    const { api, queries } = await openSearch(range(3));
    await expect(collect(api.attributesByUuid([uuid, "!x"]))).rejects.toThrow(RangeError);
    expect(queries).toEqual([]);
  });

  it("what cannot be seen is an empty part", async () => {
    const { api } = await openRecorded("uuid not visible asked by C");
    expect(await collect(api.attributesByUuid([uuid]))).toMatchObject([{ rows: [] }]);
  });

  it("a role that may not search", async () => {
    const message = "API searches are not allowed for this user role.";
    const server = await startServer((_, response) => answer(response, 405, { name: message, message, url: "/" }));
    await expect(collect(openApi({ host: server.url }).attributesByUuid([uuid]))).rejects.toMatchObject({
      code: "searches-not-allowed",
      retryable: false,
      message: expect.stringContaining(message),
    });
  });
});
