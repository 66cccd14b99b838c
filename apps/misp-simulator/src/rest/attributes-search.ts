import { searchResult } from "./answer.ts";
import type { Endpoint } from "./endpoint.ts";
import { readFilters } from "./filters.ts";
import { createRowWriter, parseRowOptions } from "./search/attribute-row.ts";
import { createSearchFilter } from "./search/filter.ts";
import { findAttributes } from "./search/find-rows.ts";
import { parsePage, resultCount, slicePage, sortRows } from "./search/page.ts";

/** `attributes/restSearch`: the way to read what MISP holds, with its traps. */
export const attributesSearch: Endpoint = (request, context) => {
  const read = readFilters(request, context);
  if (!read.ok) return read.answer;
  const { model, view, now, trouble } = context;
  const filter = createSearchFilter(read.filters, "attributes", now);
  let rows = findAttributes(model.state, view, filter);
  if (trouble.lagSeconds > 0) rows = rows.filter(({ createdAt }) => createdAt <= now - trouble.lagSeconds);
  sortRows(rows, read.filters["order"]);
  const page = parsePage(read.filters);
  const shown = slicePage(rows, page);
  const write = createRowWriter(parseRowOptions(read.filters), view);
  function* written() {
    for (const row of shown) yield write(row);
  }
  return searchResult('{"response": {"Attribute": [', written(), "]}}", {
    "X-Result-Count": String(resultCount(page, shown.length)),
  });
};
