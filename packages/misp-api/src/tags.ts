import { isFields, readId, readOptionalBoolean } from "@tb/misp-core";
import { readText } from "./read-fields.ts";
import type { RequestOptions, Send } from "./request.ts";
import { unexpected } from "./unexpected.ts";

/** A tag itself, not where it hangs. */
export interface MispTag {
  readonly id: number;
  readonly name: string;
  /** Undefined where MISP does not say it. */
  readonly exportable: boolean | undefined;
}

/**
 * `GET /tags/index`: all tags in one answer, as read in MISP's `TagsController`. The statistics, which count every attachment of
 * every tag, are left out.
 */
export async function readTags(send: Send, options: RequestOptions | undefined): Promise<readonly MispTag[]> {
  const path = "/tags/index/exclude_statistics:1";
  const answer = await send(path, options);
  const list = isFields(answer.body) ? answer.body["Tag"] : undefined;
  if (!Array.isArray(list)) throw unexpected(path, "there is no list of tags in it", answer);
  return list.flatMap((row: unknown) => {
    if (!isFields(row)) return [];
    const [id, name] = [readId(row["id"]), readText(row["name"])];
    return id === undefined || name === undefined
      ? []
      : [{ id, name, exportable: readOptionalBoolean(row["exportable"]) }];
  });
}
