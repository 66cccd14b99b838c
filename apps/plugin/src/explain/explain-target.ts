import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { createDraft } from "../pipeline/draft.ts";
import { type AttributeExplanation, explainEntry, toConsumers } from "./attribute.ts";
import { type Basis, describeAttribute, describeNotification } from "./describe.ts";
import type { Explainer } from "./explainer.ts";
import type { NotificationExplanation } from "./notification.ts";
import { readRecording } from "./recorded.ts";

/** One answer, as data and in lines for a person. The lines hold what MISP sent: neutralise them. */
export interface Answer {
  readonly explanation: (AttributeExplanation | NotificationExplanation) & { readonly basis: Basis };
  readonly title: string;
  readonly lines: readonly string[];
}

/** Answers, or why there is none. */
export type Answers =
  | { readonly ok: true; readonly answers: Iterable<Answer> }
  | { readonly ok: false; readonly text: string };

const uuidShape = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Explains one attribute of the index by its UUID, or the notifications in a file. */
export function explainTarget(target: string, explainer: Explainer): Answers {
  return uuidShape.test(target) ? explainUuid(target.toLowerCase(), explainer) : explainFile(target, explainer);
}

function explainUuid(uuid: string, explainer: Explainer): Answers {
  const basis = explainer.basis();
  if (basis.kind === "message") {
    return { ok: false, text: `${uuid} can be explained from the index alone, and ${basis.reason}` };
  }
  return explainer.read((view): Answers => {
    const known = view.byUuid(uuid);
    const entry = known !== undefined && "id" in known ? view.entry(known.id) : undefined;
    if (entry === undefined) return { ok: false, text: `${uuid} is not in ${basis.text}: ${sayUnknown(known)}` };
    const explanation = {
      ...explainEntry(createDraft(view), entry, explainer.rules),
      consumers: toConsumers(view, entry),
      basis,
    };
    const [title = "", ...lines] = describeAttribute(explanation, basis);
    return { ok: true, answers: [{ explanation, title, lines }] };
  });
}

function sayUnknown(known: object | undefined): string {
  return known === undefined
    ? "either no message about it has arrived, or with this filter no attribute of its type and organisation could ever pass " +
        "(such are not kept). Edit it in MISP while `threatbus-misp tap --explain` runs, to see what arrives"
    : "it was removed more than 30 days ago, and consumers hold nothing of it";
}

function explainFile(file: string, explainer: Explainer): Answers {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    return { ok: false, text: `${file} is neither a UUID nor a file that can be read (${reason})` };
  }
  const recording = readRecording(content, basename(file));
  const first = recording.next();
  if (first.done) return { ok: false, text: `${file} holds no notification` };

  const index = explainer.basis();
  // Each line is decided with what the lines before it said, as the pipeline would.
  const basis: Basis =
    index.kind === "index"
      ? { ...index, text: `${index.text}, and the lines before this one` }
      : { ...index, text: `this line and the ones before it alone: ${index.reason}` };
  const explain = (notification: typeof first.value): Answer => {
    const explained = explainer.replay(notification);
    return {
      explanation: { ...explained, basis },
      title: `line ${notification.line}: ${notification.topic === "" ? "(no topic)" : notification.topic}, ${notification.body.length} bytes`,
      lines: describeNotification(explained, basis),
    };
  };
  const answers = function* () {
    yield explain(first.value);
    for (const notification of recording) yield explain(notification);
  };
  return { ok: true, answers: answers() };
}
