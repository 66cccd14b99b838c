import type { Change, Finding } from "@tb/misp-core";
import type { Committer } from "../pipeline/commit.ts";

/** Facts of one transaction. */
export const factsPerCommit = 250;

/** Commits many facts in transactions that what is live need not wait for. */
export async function commitInParts(commit: Committer["commit"], facts: readonly (Change | Finding)[]): Promise<void> {
  for (let start = 0; start < facts.length; start += factsPerCommit) {
    await commit(facts.slice(start, start + factsPerCommit));
  }
}
