import type { QualityGates } from "@tb/misp-core";
import type { GatesConfig } from "../config/gates.ts";
import type { Config } from "../config/schema.ts";
import { toDigest } from "../digest.ts";
import type { Quality } from "../pipeline/settle-entry.ts";
import { type Exceptions, parseExceptions } from "./exceptions.ts";
import { type WatchOptions, watchFile } from "./watch-file.ts";

/** The gates that are configured, kept up to date with their list of exceptions. */
export interface LiveQuality extends Quality {
  /**
   * Follows the list of exceptions until it is stopped. A list that means something else is not in force before `apply` is called.
   *
   * @param onChange `digest` of all rules as they will be
   */
  follow(onChange: (change: { readonly digest: string; apply(): void }) => void): { stop(): void };
}

/** The gates as the core asks them. */
export function toQualityGates({ except, ...gates }: GatesConfig): QualityGates {
  return except === undefined ? gates : { ...gates, exceptionFor: except.list.exceptionFor };
}

export function createQuality(
  config: Pick<Config, "filter" | "baseUrl" | "gates">,
  options: {
    readonly now: () => number;
    readonly say: (level: "info" | "error", text: string) => void;
    /** How the file is watched; for tests. */
    readonly watching?: Pick<WatchOptions, "everyMs" | "settleMs" | "access">;
  },
): LiveQuality {
  const { now, say, watching } = options;
  let gates = toQualityGates(config.gates);
  return {
    gates: () => gates,
    now,
    follow(onChange) {
      const { except } = config.gates;
      if (except === undefined) return { stop: () => undefined };
      const { file } = except;
      let latest: Exceptions = except.list;
      const refuse = (reason: string) => say("error", `${file}: ${reason}; the list of exceptions stays as it was`);
      return watchFile(file, {
        ...watching,
        onUnreadable: (reason) => refuse(`cannot be read (${reason})`),
        onChange(content) {
          const { exceptions, bad } = parseExceptions(content);
          const [first] = bad;
          if (first !== undefined) {
            const more = bad.length > 1 ? `, and ${bad.length - 1} more like it` : "";
            return refuse(`line ${first.line}: ${first.message}${more}`);
          }
          // Emptied, or being written anew by somebody who is slow: what must not go out would.
          if (content.trim() === "" && latest.size > 0)
            return refuse("it is empty; a comment alone says that it is meant to be");
          if (exceptions.digest === latest.digest) return;
          latest = exceptions;
          say("info", `${file} has changed: ${exceptions.size} ${exceptions.size === 1 ? "exception" : "exceptions"}`);
          const changed = { ...config.gates, except: { file, list: exceptions } };
          onChange({
            digest: toDigest({ ...config, gates: changed }),
            apply() {
              gates = toQualityGates(changed);
            },
          });
        },
      });
    },
  };
}
