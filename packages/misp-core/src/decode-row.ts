import type { Change } from "./change.ts";
import { type Decoded, guarded } from "./decode.ts";
import { readContent, readIdentity, readOwnTags } from "./decode-attribute.ts";
import { readEventPart } from "./decode-event.ts";
import { excerpt, isFields, Refusal, readOptionalBoolean } from "./decode-fields.ts";

/**
 * Reads one row of `/attributes/restSearch` into the same change as a live message. With `includeContext` the row's event has
 * everything, its complete tag list included; without it the parts that are missing are unknown. Own tags are complete in both.
 * Never throws.
 *
 * @param requestedAtMs when the request was sent: that is when the row counts as observed
 */
export function decodeRow(row: unknown, { requestedAtMs }: { readonly requestedAtMs: number }): Decoded {
  return guarded((): readonly Change[] => {
    if (!isFields(row)) throw new Refusal("unknown_shape", `a row that is no object: ${excerpt(row)}`);
    const fields = row["Event"];
    const event = isFields(fields) ? fields : {};
    // Only includeContext brings the event's timestamp, and with it `published` and the event's own tags: absent means none.
    const withContext = event["timestamp"] !== undefined;
    const published = withContext ? readOptionalBoolean(event["published"]) : undefined;
    return [
      {
        kind: "attribute",
        origin: "rest",
        observedAtMs: requestedAtMs,
        ...readIdentity(row),
        content: readContent(row, row["Object"]),
        tags: readOwnTags(row["Tag"]),
        event: {
          ...readEventPart(event),
          ...(published === undefined ? {} : { published }),
          ...(withContext ? { tags: readOwnTags(event["Tag"]) } : {}),
        },
      },
    ];
  });
}
