import { chmodSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { describeAnswer, describeProgress } from "../completeness/describe-reconcile.ts";
import type { Reconciler } from "../completeness/reconciler.ts";
import { type ControlAnswer, type ControlRequest, requestSchema, toSocketPath } from "./protocol.ts";

const progressEveryMs = 500;
/** Far more than a request has. */
const maxLineLength = 10_000;

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
    // Such as too many open files: whoever asked asks again.
    server.on("error", () => undefined);
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
  const line = await readLine(socket);
  if (line === undefined) return void socket.destroy();
  const request = readRequest(line);
  if (request === undefined) write({ error: "the request is of another version of this program" });
  else if (reconciler === undefined) write({ error: "without api and its key there is nothing to compare with" });
  else write(await ask(reconciler, request, write));
  socket.end();
}

/**
 * The first line; undefined when none comes, or one without end. By hand: readline repeats a socket's errors where nobody listens, so
 * that a client which leaves would end the program (`control.test.ts`).
 */
function readLine(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = "";
    const onData = (part: string) => {
      text += part;
      const end = text.indexOf("\n");
      if (end < 0 && text.length <= maxLineLength) return;
      socket.off("data", onData);
      resolve(end < 0 ? undefined : text.slice(0, end));
    };
    socket.setEncoding("utf8").on("data", onData);
    socket.once("close", () => resolve(undefined));
  });
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
