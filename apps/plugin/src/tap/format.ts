import { type Notification, toStixTimestamp } from "@tb/misp-core";
import { neutralise, neutraliseJson } from "../neutralise.ts";

/** MISP's bodies are UTF-8; what is not must not stop a look at it. A byte order mark is shown like everything else. */
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** One line for a person: time, topic, size, body. Nothing in it acts on a terminal. */
export function formatPlain({ observedAtMs, topic, body }: Notification): string {
  const named = topic === "" ? "(no topic)" : neutralise(topic);
  return `${toStixTimestamp(observedAtMs)} ${named} ${body.length} bytes ${neutralise(lenient.decode(body))}`;
}

/** One line of JSON that holds all of it: `explain FILE` reads it back. `bodyBase64` stands for a body that is not UTF-8. */
export function formatJson({ observedAtMs, topic, body }: Notification, explanation?: unknown): string {
  const line = { time: toStixTimestamp(observedAtMs), topic, bytes: body.length, ...toBody(body), explanation };
  return neutraliseJson(JSON.stringify(line));
}

function toBody(body: Uint8Array): { readonly body: string } | { readonly bodyBase64: string } {
  try {
    return { body: strict.decode(body) };
  } catch {
    return { bodyBase64: Buffer.from(body).toString("base64") };
  }
}
