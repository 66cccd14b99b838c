import { chmodSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { describeAnswer, describeProgress, type Reconciler } from "../completeness/reconciler.ts";
import { type ControlAnswer, type ControlRequest, requestSchema, toSocketPath } from "./protocol.ts";

const progressEveryMs = 500;

/**
 * Answers `threatbus-misp reconcile` of the folder's owner until `signal` aborts. The folder's lock is held, so a socket that lies there
 * is one that a kill left. Where none can be made the program runs on without: `say` tells.
 */
export async function serveControl(
  statePath: string,
  reconciler: Pick<Reconciler, "request"> | undefined,
  { signal, say }: { readonly signal: AbortSignal; readonly say: (text: string) => void },
): Promise<void> {
  const path = toSocketPath(statePath);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    // Whoever asked has gone: what was asked for goes on.
    socket.on("error", () => undefined);
    answer(socket, reconciler).catch(() => socket.destroy());
  });
  try {
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      const umask = process.umask(0o177);
      server.listen(path, resolve);
      process.umask(umask);
    });
    chmodSync(path, 0o600);
  } catch (error) {
    server.close();
    return say(`the command reconcile will not reach this program: ${error instanceof Error ? error.message : error}`);
  }
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  server.close();
  for (const socket of open) socket.destroy();
  rmSync(path, { force: true });
}

async function answer(socket: Socket, reconciler: Pick<Reconciler, "request"> | undefined): Promise<void> {
  const write = (line: ControlAnswer) => void (socket.writable && socket.write(`${JSON.stringify(line)}\n`));
  for await (const line of createInterface({ input: socket })) {
    const request = readRequest(line);
    if (request === undefined) write({ error: "the request is of another version of this program" });
    else if (reconciler === undefined) write({ error: "without api and its key there is nothing to compare with" });
    else write(await ask(reconciler, request, write));
    socket.end();
    return;
  }
}

function readRequest(line: string): ControlRequest | undefined {
  try {
    return requestSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

async function ask(
  reconciler: Pick<Reconciler, "request">,
  { reconcile: { eventId, sinceMs, all, force, dryRun } }: ControlRequest,
  write: (line: ControlAnswer) => void,
): Promise<ControlAnswer> {
  const startedAtMs = Date.now();
  let toldAtMs = 0;
  try {
    const done = await reconciler.request({
      scope: eventId !== undefined ? { eventId } : sinceMs !== undefined ? { sinceMs } : all ? "all" : undefined,
      force,
      dryRun,
      onProgress(progress) {
        if (Date.now() - toldAtMs < progressEveryMs) return;
        toldAtMs = Date.now();
        write({ progress: describeProgress(progress, toldAtMs - startedAtMs) });
      },
    });
    if (done.held > 0) {
      return {
        error: `${describeAnswer(done)}; ${done.held} events would vanish at once, so nothing was removed: if MISP is right, add --force`,
      };
    }
    return { done: dryRun ? `dry run, nothing was kept: ${describeAnswer(done)}` : describeAnswer(done) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
