import { readFileSync } from "node:fs";

/** One exchange with a running MISP 2.5.1. */
export interface Exchange {
  readonly trigger: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly body: string | null;
    readonly role?: string;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
}

export const exchanges: readonly Exchange[] = readFileSync(
  new URL("./__fixtures__/misp-rest.ndjson", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Exchange);

/** The first exchange with this trigger, and with this role when one is given. */
export function recorded(trigger: string, role?: string): Exchange {
  const found = exchanges.find(
    (exchange) => exchange.trigger === trigger && (role === undefined || exchange.request.role === role),
  );
  if (found === undefined) throw new Error(`no recording of ${trigger}`);
  return found;
}
