import { nameOf, type Partition } from "./offsets.ts";
import type { Settings } from "./options.ts";

/** Topics as the broker lists them. */
type ExistingTopics = readonly {
  readonly name: string;
  readonly partitions: readonly { readonly id: number }[];
}[];

/** What of the configured topics does not come to this consumer. */
interface Coverage {
  /** In words; undefined: all of it does. */
  readonly missing: string | undefined;
  /** Partitions so new that the group need not know them yet: look again when it must. */
  readonly unsettled: boolean;
}

/** Looks at what exists and what is assigned, again and again. */
export interface CoverageCheck {
  /** @param assigned undefined: the group has not said anything yet */
  check(existing: ExistingTopics, assigned: readonly Partition[] | undefined): Coverage;
}

/**
 * A partition that nobody assigned to this consumer belongs to another one, if the group has had time to learn of it: members look
 * for new partitions every `settleMs`. Those that are there at the first look were there when the group was joined.
 */
export function createCoverageCheck(
  { topics, group }: Pick<Settings, "topics" | "group">,
  settleMs: number,
  now: () => number,
): CoverageCheck {
  let firstSeenMs: Map<string, number> | undefined;

  return {
    check(existing, assigned) {
      const ours = new Set(assigned?.map(nameOf));
      const present = existing.filter(({ partitions }) => partitions.length > 0);
      const absent: string[] = [];
      const seen = new Map<string, number>();
      let [all, elsewhere, unsettled] = [0, 0, false];
      for (const topic of topics) {
        const found = present.filter(({ name }) => matches(topic, name));
        if (found.length === 0) absent.push(topic);
        for (const { name, partitions } of found) {
          for (const { id } of partitions) {
            const key = nameOf({ topic: name, partition: id });
            const since = firstSeenMs === undefined ? Number.NEGATIVE_INFINITY : (firstSeenMs.get(key) ?? now());
            seen.set(key, since);
            all += 1;
            if (assigned === undefined || ours.has(key)) continue;
            if (now() - since < settleMs) unsettled = true;
            else elsewhere += 1;
          }
        }
      }
      if (assigned !== undefined) firstSeenMs = seen;
      return { missing: describe(absent, elsewhere, all, group), unsettled };
    },
  };
}

function describe(absent: readonly string[], elsewhere: number, all: number, group: string): string | undefined {
  const parts: string[] = [];
  if (absent.length > 0) {
    const one = absent.length === 1;
    parts.push(
      `${one ? "topic" : "topics"} ${absent.join(", ")} ${one ? "does" : "do"} not exist on the broker, or may not be seen ` +
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
