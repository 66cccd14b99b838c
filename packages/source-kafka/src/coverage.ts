import type { Partition } from "./connection.ts";
import type { Settings } from "./options.ts";

/** What of the configured topics does not come to this consumer, in words; undefined: all of it does. */
export function coverage(
  { topics, group }: Pick<Settings, "topics" | "group">,
  existing: readonly { readonly name: string; readonly partitions: readonly { readonly id: number }[] }[],
  assigned: readonly Partition[],
): string | undefined {
  const ours = new Set(assigned.map(({ topic, partition }) => `${partition} ${topic}`));
  const present = existing.filter(({ partitions }) => partitions.length > 0);
  const missing: string[] = [];
  let elsewhere = 0;
  let all = 0;
  for (const topic of topics) {
    const found = present.filter(({ name }) => matches(topic, name));
    if (found.length === 0) missing.push(topic);
    for (const { name, partitions } of found) {
      all += partitions.length;
      elsewhere += partitions.filter(({ id }) => !ours.has(`${id} ${name}`)).length;
    }
  }
  const parts: string[] = [];
  if (missing.length > 0) {
    const one = missing.length === 1;
    parts.push(
      `${one ? "topic" : "topics"} ${missing.join(", ")} ${one ? "does" : "do"} not exist on the broker, or may not be seen ` +
        "with these credentials; records are read as soon as it is there",
    );
  }
  if (elsewhere > 0) {
    parts.push(
      `${elsewhere} of ${all} partitions go to another consumer of the group ${group}, so this index misses what they bring; ` +
        "stop the other one, or give this one a group.id of its own",
    );
  }
  return parts.length === 0 ? undefined : parts.join("; ");
}

/** A topic that begins with `^` is a regular expression to librdkafka. */
function matches(topic: string, name: string): boolean {
  return topic.startsWith("^") ? new RegExp(topic).test(name) : topic === name;
}
