import { type Fields, isFields } from "@tb/misp-core";
import { Request } from "zeromq";
import type { Endpoint } from "../endpoint.ts";
import { parseJson, toText } from "../parse-frame.ts";
import { describeError } from "../zmq-bus-error.ts";

const maxAnswerBytes = 64 * 1024;

/** What a host says to a management request, or why it says nothing that can be used. */
export type HostAnswer =
  | { readonly ok: true; readonly answer: Fields }
  | { readonly ok: false; readonly detail: string };

/**
 * Asks once, over a socket of its own. A REQ that gets no answer can never be used again, and the real host's management thread
 * dies of one bad request (`threatbus` 2022.5.16), so the socket is closed whatever comes. An abort gives up at once.
 */
export async function askHost(
  endpoint: Endpoint,
  request: object,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<HostAnswer> {
  if (signal.aborted) return { ok: false, detail: "given up" };
  let socket: Request | undefined;
  const giveUp = () => socket?.close();
  signal.addEventListener("abort", giveUp);
  try {
    socket = new Request({
      linger: 0,
      sendTimeout: timeoutMs,
      receiveTimeout: timeoutMs,
      maxMessageSize: maxAnswerBytes,
      ipv6: endpoint.ipv6,
    });
    socket.connect(endpoint.address);
    await socket.send(JSON.stringify(request));
    return toAnswer(await socket.receive());
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") {
      return { ok: false, detail: `${endpoint.address} does not answer within ${timeoutMs / 1_000} s` };
    }
    return { ok: false, detail: describeError(error) };
  } finally {
    signal.removeEventListener("abort", giveUp);
    giveUp();
  }
}

function toAnswer([frame]: readonly Uint8Array[]): HostAnswer {
  const text = frame === undefined ? undefined : toText(frame);
  const answer = text === undefined ? undefined : parseJson(text);
  return isFields(answer) ? { ok: true, answer } : { ok: false, detail: "the host's answer is no JSON object" };
}
