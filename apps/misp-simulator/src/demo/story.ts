import type { AnalystAction } from "../model.ts";

/** What is to come on the bus: `+` announced, `~` edited, `-` removed, and the indicator's name. */
export type Expected = `${"+" | "~" | "-"} ${string}`;

/** One thing that the analyst does. */
export interface Scene {
  /** What a person reads, at most 44 characters. */
  readonly says: string;
  /** Ids count from 1: the story begins in an empty MISP. */
  readonly does: readonly AnalystAction[];
  /** In any order. Nothing else may come. */
  readonly expects: readonly Expected[];
  /** Why that comes, or why nothing does. */
  readonly because?: string;
}

/** The filter that the story is told for. */
export const filter: readonly { readonly tags: readonly string[] }[] = [{ tags: ["tlp:amber"] }];

const [evil, wrong, right] = ["evil.example", "203.0.113.9", "203.0.113.10"];

/** Two events share a value; a value leaves the bus only with the last one that holds it. */
export const story: readonly Scene[] = [
  { says: "opens the event “Phishing wave”", does: [{ action: "addEvent", info: "Phishing wave" }], expects: [] },
  {
    says: `adds the domain ${evil}`,
    does: [{ action: "addAttribute", eventId: 1, type: "domain", value: evil }],
    expects: [],
    because: "not tagged tlp:amber, so the filter holds it back",
  },
  {
    says: "tags the event tlp:amber",
    does: [{ action: "tagEvent", id: 1, tag: "tlp:amber" }],
    expects: [`+ ${evil}`],
    because: "an attribute has its event's tags",
  },
  {
    says: `adds the address ${wrong}`,
    does: [{ action: "addAttribute", eventId: 1, type: "ip-dst", value: wrong }],
    expects: [`+ ${wrong}`],
  },
  {
    says: "adds a comment, “call the bank back”",
    does: [{ action: "addAttribute", eventId: 1, type: "comment", value: "call the bank back" }],
    expects: [],
    because: "nothing to detect",
  },
  {
    says: `explains ${wrong}: “from the sandbox”`,
    does: [{ action: "editAttribute", id: 2, comment: "from the sandbox" }],
    expects: [`~ ${wrong}`],
  },
  {
    says: `corrects it to ${right}`,
    does: [{ action: "editAttribute", id: 2, value: right }],
    expects: [`- ${wrong}`, `+ ${right}`],
  },
  {
    says: `pulls “Botnet C2”, which has ${evil} too`,
    does: [
      {
        action: "importEvent",
        info: "Botnet C2",
        orgcId: 2,
        tags: [{ name: "tlp:amber" }],
        attributes: [{ type: "domain", value: evil }],
      },
    ],
    expects: [`+ ${evil}`],
    because: "a second indicator with the same value",
  },
  {
    says: `deletes ${evil} in “Phishing wave”`,
    does: [{ action: "softDelete", id: 1 }],
    expects: [`- ${evil}`, `+ ${evil}`],
    because: "said again: “Botnet C2” still holds the value",
  },
  {
    says: "restores it",
    does: [{ action: "restore", id: 1 }],
    expects: [`+ ${evil}`],
  },
  {
    says: `finds ${right} harmless: to_ids off`,
    does: [{ action: "editAttribute", id: 2, toIds: false }],
    expects: [`- ${right}`],
  },
  {
    says: "takes tlp:amber off “Phishing wave”",
    does: [{ action: "untagEvent", id: 1, tag: "tlp:amber" }],
    expects: [`- ${evil}`, `+ ${evil}`],
    because: "“Botnet C2” still holds the value",
  },
  {
    says: "deletes the event “Botnet C2”",
    does: [{ action: "deleteEvent", id: 2 }],
    expects: [`- ${evil}`],
    because: "now nobody holds it any more",
  },
  {
    says: "tags “Phishing wave” again",
    does: [{ action: "tagEvent", id: 1, tag: "tlp:amber" }],
    expects: [`+ ${evil}`],
  },
];

/** The names of what a consumer holds when the story is over. */
export const storyEndsWith: readonly string[] = [evil];
