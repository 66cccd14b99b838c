import fc from "fast-check";
import { expect, it } from "vitest";
import { MispApiError, type MispApiErrorCode } from "./misp-api-error.ts";
import type { Send } from "./request.ts";
import { walkAttributes } from "./walk-attributes.ts";

interface Query {
  readonly limit: number;
  readonly page: number;
}

/** MISP's search over these ids: some rows are held back after counting, and some requests fail. */
function createSearch(
  ids: readonly number[],
  heldBack: (id: number) => boolean,
  failure: (query: Query, call: number) => MispApiErrorCode | undefined,
): Send {
  let call = 0;
  return async (_, options) => {
    const query = options?.body as unknown as Query;
    const code = failure(query, call++);
    if (code !== undefined) throw new MispApiError(code, "made to fail", { retryable: true });
    const counted = ids.slice((query.page - 1) * query.limit, query.page * query.limit);
    const rows = counted.filter((id) => !heldBack(id)).map((id) => ({ id: String(id) }));
    const headers = new Headers({ "x-skipped-elements-count": String(counted.length - rows.length) });
    return { status: 200, headers, body: { response: { Attribute: rows } }, said: "", requestedAtMs: 1 };
  };
}

it("every row comes once and in order, whatever the page size, and whichever pages fail for their size", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 1, max: 100_000 }), { maxLength: 300 }),
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 2, max: 7 }),
      fc.infiniteStream(fc.constantFrom(undefined, undefined, "timeout" as const, "truncated" as const)),
      async (unordered, pageSize, every, failures) => {
        const ids = unordered.sort((a, b) => a - b);
        const heldBack = (id: number) => id % every === 0;
        let inARow = 0;
        const send = createSearch(ids, heldBack, ({ limit }) => {
          const failure = failures.next().value;
          // Up to four in a row, and never a page of one row, are what a walk survives.
          if (failure === undefined || inARow === 4 || limit === 1) {
            inARow = 0;
            return undefined;
          }
          inARow++;
          return failure;
        });
        const seen: number[] = [];
        for await (const { rows } of walkAttributes(send, [1], { pageSize })) {
          for (const row of rows) seen.push(Number((row as { id: string }).id));
        }
        expect(seen).toEqual(ids.filter((id) => !heldBack(id)));
      },
    ),
  );
});
