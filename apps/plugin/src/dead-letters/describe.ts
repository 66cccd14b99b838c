import { type DeadLetter, toStixTimestamp } from "@tb/misp-core";
import { neutralise, neutraliseJson } from "../neutralise.ts";
import { shorten } from "../shorten.ts";

/** Enough of MISP's answer to recognise it by; `show` has the rest. */
const maxDetail = 300;

/**
 * One line: uuid, when it was buried, why. What MISP or a tool sent cannot act on a terminal.
 *
 * @param redact takes the configured secrets out of a text
 */
export function toLine({ entry, reason, buriedAtMs }: DeadLetter, redact: (text: string) => string): string {
  const detail = entry.detail === "" ? "" : `: ${shorten(redact(entry.detail), maxDetail)}`;
  return neutralise(`${entry.row.uuid}  ${toStixTimestamp(buriedAtMs)}  ${reasons[reason]}${detail}`);
}

const reasons: Readonly<Record<DeadLetter["reason"], string>> = {
  refused: "refused",
  keeps_failing: "keeps failing",
};

/** All that is known of it, as JSON on several lines. Nothing is lost by its escapes. */
export function toJson(letter: DeadLetter, redact: (text: string) => string): string {
  const json = JSON.stringify(letter, (_, value) => (typeof value === "string" ? redact(value) : value), 2);
  // The line breaks are JSON's own: within a text it escapes them.
  return json.split("\n").map(neutraliseJson).join("\n");
}

/** A row's uuid as a person may write it: in capitals, or as the id of the STIX sighting. */
export function toUuid(written: string): string {
  return written.toLowerCase().replace(/^sighting--/, "");
}
