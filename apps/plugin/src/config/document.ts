import { type Document, isNode, isScalar, LineCounter, parseDocument, visit, type YAMLError } from "yaml";
import type { ConfigProblem } from "./problem.ts";
import { type ConfigPath, isMapping, type Tree } from "./tree.ts";

/** The configuration file, parsed, with the place of each of its parts. */
export interface ConfigDocument {
  readonly raw: Tree;
  /** The line of a path, or of the nearest thing around it that is there. */
  lineOf(path: ConfigPath): number;
  /** A number or a truth value as it is written, `0123` and not 123; undefined for everything else. */
  writtenAt(path: ConfigPath): string | undefined;
}

export type ParsedDocument =
  | { readonly ok: true; readonly document: ConfigDocument }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/**
 * Reads YAML as Threat Bus does: version 1.2, with `<<` for merging (its parser, ruamel.yaml, has both).
 *
 * @param name the file as problems name it
 */
export function parseConfig(source: string, name: string): ParsedDocument {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, merge: true });
  const problems: ConfigProblem[] = document.errors.map((error) => ({
    where: `${name}:${error.linePos?.[0].line ?? 1}`,
    path: "",
    message: `not YAML: ${withoutContent(error)}`,
  }));
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return;
      const where = `${name}:${lines.linePos(alias.range?.[0] ?? 0).line}`;
      const message = "not YAML: an alias (*) without its anchor (&) before it";
      problems.push({ where, path: "", message, suggestion: "put a text that begins with * into quotes" });
    },
  });
  if (problems.length > 0) return { ok: false, problems };

  let raw: unknown;
  try {
    raw = document.toJS() ?? {};
  } catch {
    // Aliases within aliases within aliases would fill the memory: the parser counts them and gives up.
    const message = "not YAML: its aliases (*) multiply beyond measure";
    return { ok: false, problems: [{ where: `${name}:1`, path: "", message }] };
  }
  if (!isMapping(raw)) {
    const message = "expected a mapping with plugins in it";
    return { ok: false, problems: [{ where: `${name}:1`, path: "", message }] };
  }
  return {
    ok: true,
    document: {
      raw,
      lineOf: (path) => lineOf(document, lines, path),
      writtenAt(path) {
        const node = document.getIn(path, true);
        if (!isScalar(node) || typeof node.source !== "string") return undefined;
        return ["number", "bigint", "boolean"].includes(typeof node.value) ? node.source : undefined;
      },
    },
  };
}

/** The parser's message without what it quotes, which may be a password, and without the position, which is told already. */
function withoutContent({ code, message }: YAMLError): string {
  if (code === "MULTIPLE_DOCS") return "--- begins a second document; put everything into one";
  const [first = ""] = message.split("\n");
  return first.replace(/ at line \d+, column \d+:?$/, "").replace(/(characters|tag): .*/, "$1");
}

function lineOf(document: Document, lines: LineCounter, path: ConfigPath): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    const parent = document.getIn(path.slice(0, length - 1), true) as { items?: { key?: unknown }[] } | undefined;
    const key = parent?.items?.find(({ key: candidate }) => String(candidate) === String(path[length - 1]))?.key;
    const at = isNode(key) ? key.range : isNode(node) ? node.range : undefined;
    if (at) return lines.linePos(at[0]).line;
  }
  return 1;
}
