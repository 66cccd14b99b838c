import { readFileSync, writeFileSync } from "node:fs";
import { mappings } from "../src/pattern/table.ts";
import { unmapped } from "../src/pattern/unmapped.ts";

// Writes docs/mapping.md from the table that the program uses, or with --check fails when the file says something else.
const target = new URL("../../../docs/mapping.md", import.meta.url);
const command = "pnpm mapping";

/** A bar ends a table cell even inside code. */
function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

function render(): string {
  const rows = [...mappings].map(([type, { template, patternType, note = "" }]) => {
    const pattern =
      patternType === "stix" && template !== "{0}" ? code(template) : `the value itself, as ${code(patternType)}`;
    return `| ${code(type)} | ${pattern} | ${note.replaceAll("|", "\\|")} |`;
  });
  const groups = unmapped.map(({ reason, types }) => `- ${reason}\n  ${types.map(code).join(", ")}`);
  return `<!-- Generated from packages/misp-core/src/pattern; do not edit. To renew it: ${command} -->

# MISP types and their patterns

Each MISP attribute type, and the pattern of the indicator that is announced for it. \`{0}\` is the value, or the part before the
\`|\` of a composite one, and \`{1}\` the part behind it; \`{iptype}\` is \`ipv4-addr\` or \`ipv6-addr\`, as the address is.

Values are read as MISP's server stores them: trimmed, refanged, in lower case where that changes nothing. What cannot be an
indicator of its type (a hash of a wrong length, an address that is none, a control character in one line of text) is withheld and
counted as \`unusable_value\`. Comparisons that must hold together stand in parentheses, since existing Threat Bus apps misread
them without. Hash types beyond STIX's vocabulary (MD5, SHA-1, SHA-256, SHA-512, SHA3-256, SHA3-512, SSDEEP, TLSH) have MISP's
name in capitals as their key; \`SHA-512-224\` and \`SHA-512-256\` are made up so that nobody takes them for SHA-224 and SHA-256.

${mappings.size} types have a pattern:

| MISP type | pattern | notes |
|---|---|---|
${rows.join("\n")}

## Types without a pattern

An attribute of these ${unmapped.flatMap(({ types }) => types).length} types is withheld and counted as \`unmapped_type\`.

${groups.join("\n")}
`;
}

function isFresh(): boolean {
  try {
    return readFileSync(target, "utf8") === render();
  } catch {
    return false;
  }
}

if (!process.argv.includes("--check")) writeFileSync(target, render());
else if (!isFresh()) {
  process.stderr.write(`docs/mapping.md is not what the mapping table says; run: ${command}\n`);
  process.exitCode = 1;
}
