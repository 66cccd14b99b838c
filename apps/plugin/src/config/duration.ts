import { z } from "zod";

const unitSeconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3_600, d: 86_400 };
const shape = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

const error = "expected a time above 0, in seconds or such as 30s, 5m or 1h";

const withUnit = z
  .string()
  .regex(shape)
  .transform(toSeconds)
  .refine((seconds) => seconds > 0, { error });

/** A time above 0, in seconds: a number of them, as Threat Bus writes it, or a text such as `500ms`, `30s`, `5m`, `1h`, `7d`. */
export const duration: z.ZodType<number, number | string> = z.union([z.number().positive(), withUnit], { error });

/** The same, or 0 for none. */
export const durationOrNone: z.ZodType<number, number | string> = z.union([z.number().nonnegative(), withUnit], {
  error: "expected 0 for none, or a time in seconds or such as 30s, 5m or 1h",
});

function toSeconds(text: string): number {
  const [, amount = "", unit = ""] = shape.exec(text) ?? [];
  return Number(amount) * (unitSeconds[unit] ?? Number.NaN);
}
