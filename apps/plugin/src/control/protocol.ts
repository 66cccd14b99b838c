import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

/** What a person asks of the running program, one JSON line. */
export const requestSchema: z.ZodType<ControlRequest> = z.strictObject({
  reconcile: z.strictObject({
    eventId: z.int().positive().optional(),
    sinceMs: z.number().optional(),
    /** Everything is read again, whatever its version. */
    all: z.boolean(),
    force: z.boolean(),
    dryRun: z.boolean(),
  }),
});

export interface ControlRequest {
  readonly reconcile: {
    readonly eventId?: number | undefined;
    readonly sinceMs?: number | undefined;
    readonly all: boolean;
    readonly force: boolean;
    readonly dryRun: boolean;
  };
}

/** What the program answers: lines of progress, then one of the other two. */
export type ControlAnswer = { readonly progress: string } | { readonly done: string } | { readonly error: string };

/** What the paths of Unix sockets are limited to, with some room: 108 bytes on Linux, 104 elsewhere. */
const maxPathBytes = 100;

/** Where the program that has this state folder listens. Paths of sockets are short: where the folder's is not, it lies among temporary files. */
export function toSocketPath(statePath: string): string {
  const path = join(statePath, "control.sock");
  if (Buffer.byteLength(path) <= maxPathBytes) return path;
  const name = createHash("sha256").update(statePath).digest("hex").slice(0, 24);
  return join(tmpdir(), `threatbus-misp-${name}.sock`);
}
