import { z } from "zod";

/** A text that says something. */
export const text = z.string().min(1);
export const port = z.int().min(1).max(65_535);
/** A name or secret that may look like a number in YAML; it is taken as it is written (`secrets.ts`). */
export const verbatim = z.union([text, z.number().transform(String)], { error: "expected a text" });
