import type { Json } from "../messages/json.ts";
import { type RestAnswer, refusal } from "./answer.ts";
import type { EndpointContext } from "./endpoint.ts";
import { isRecord, type ParsedRequest } from "./request.ts";
import { isEmpty } from "./search/terms.ts";

const nothingGiven = "Either specify the search terms in the url, or POST a json with the filter parameters.";

/**
 * A search's filters: the POSTed ones, or those in the path. A body that MISP does not read is the same as no body: 400.
 * `returnFormat` may stand first in the path.
 */
export function readFilters(
  request: ParsedRequest,
  { trouble }: EndpointContext,
): { readonly ok: true; readonly filters: Json } | { readonly ok: false; readonly answer: RestAnswer } {
  const body = isRecord(request.data) && isRecord(request.data["request"]) ? request.data["request"] : request.data;
  const [returnFormat] = request.parameters;
  const inPath: Json = { ...(returnFormat !== undefined && { returnFormat }), ...request.named };
  if (isEmpty(body) && (request.method === "POST" || isEmpty(inPath))) {
    return { ok: false, answer: refusal(400, nothingGiven, request.url) };
  }
  const filters: Json = { ...inPath, ...(isRecord(body) && body) };
  if ((filters["returnFormat"] ?? "json") !== "json") {
    return { ok: false, answer: refusal(404, "Invalid output format.", request.url) };
  }
  return { ok: true, filters: trouble.repeatPage ? { ...filters, page: 1 } : filters };
}
