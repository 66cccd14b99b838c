/**
 * A JSON object under construction. The order of its keys is MISP's and is part of what the recordings pin. Numbers are written as
 * strings, as MISP's database layer hands them out.
 */
export type Json = Record<string, unknown>;
