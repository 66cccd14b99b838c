import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { TLSSocket } from "node:tls";
import type { RestAnswer } from "./answer.ts";
import type { RestFailure } from "./failures.ts";

/** The failure of this kind, if it is among them. */
export function failureOf<Kind extends RestFailure["kind"]>(
  failures: readonly RestFailure[],
  kind: Kind,
): Extract<RestFailure, { kind: Kind }> | undefined {
  return failures.find((failure): failure is Extract<RestFailure, { kind: Kind }> => failure.kind === kind);
}

/** Resets the connection: the other side sees ECONNRESET instead of an end. */
export function reset(response: ServerResponse): void {
  const { socket } = response;
  // Node can send a reset only on the TCP socket itself, not through TLS: there the connection just ends.
  if (socket instanceof TLSSocket) socket.destroy();
  else socket?.resetAndDestroy();
}

async function sendHalf(
  response: ServerResponse,
  answer: RestAnswer,
  how: "json" | "connection" | "stall",
): Promise<void> {
  const whole = Buffer.from(typeof answer.body === "string" ? answer.body : [...answer.body].join(""));
  const half = whole.subarray(0, Math.floor(whole.length / 2));
  response.writeHead(answer.status, {
    ...answer.headers,
    "Content-Length": how === "json" ? half.length : whole.length,
  });
  if (how === "json") {
    response.end(half);
    return;
  }
  await new Promise<void>((resolve) => response.write(half, () => resolve()));
  if (how === "connection") response.socket?.destroy();
}

/** Writes an answer, as the failures let it arrive. Rejects when `signal` aborts: the other side has gone away. */
export async function send(
  response: ServerResponse,
  answer: RestAnswer,
  failures: readonly RestFailure[],
  signal: AbortSignal,
): Promise<void> {
  for (const failure of failures) if (failure.kind === "delay") await sleep(failure.ms, undefined, { signal });
  if (failureOf(failures, "lost-answer")) return reset(response);
  const type = failureOf(failures, "content-type");
  const sent = type ? { ...answer, headers: { ...answer.headers, "Content-Type": type.value } } : answer;
  const cut = failureOf(failures, "truncate");
  if (cut) return sendHalf(response, sent, cut.how);

  if (typeof sent.body === "string") {
    response.writeHead(sent.status, { ...sent.headers, "Content-Length": Buffer.byteLength(sent.body) });
    response.end(sent.body);
    return;
  }
  response.writeHead(sent.status, sent.headers);
  for (const piece of sent.body) {
    if (!response.write(piece)) await once(response, "drain", { signal });
  }
  response.end();
}
