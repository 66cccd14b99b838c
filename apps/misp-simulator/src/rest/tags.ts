import { tagRow } from "../messages/other-messages.ts";
import { notFound, pretty } from "./answer.ts";
import type { Endpoint } from "./endpoint.ts";

/** `tags/index`: every tag that MISP knows, with how often it hangs somewhere. Not recorded: after MISP's code. */
export const tagsIndex: Endpoint = (request, { model }) => {
  const onEvents = new Map<number, number>();
  const onAttributes = new Map<number, number>();
  const count = (counts: Map<number, number>, id: number) => counts.set(id, (counts.get(id) ?? 0) + 1);
  for (const event of model.state.events) for (const { tag } of event.tags) count(onEvents, tag.id);
  for (const row of model.state.attributes) for (const { tag } of row.tags) count(onAttributes, tag.id);
  const tags = [...model.state.tags].sort((left, right) => left.id - right.id);
  return pretty(
    {
      Tag: tags.map((tag) => ({
        ...tagRow(tag),
        count: onEvents.get(tag.id) ?? 0,
        attribute_count: onAttributes.get(tag.id) ?? 0,
        favourite: false,
      })),
    },
    request.headers["user-agent"],
  );
};

/** `tags/view/<id>`. */
export const tagsView: Endpoint = (request, { model }) => {
  const tag = model.state.tags.get(Number(request.parameters[0]));
  return tag ? pretty(tagRow(tag), request.headers["user-agent"]) : notFound(request.url, "Invalid tag");
};
