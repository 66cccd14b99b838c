import type { NewAttribute } from "../actions/attributes.ts";
import type { NewTag } from "../actions/tags.ts";
import type { Pool } from "../pool.ts";
import type { Random } from "./source.ts";

const addresses = ["198.51.100.7", "203.0.113.9", "203.0.113.0/24", "2001:db8::9"];
const names = ["evil.example", "c2.evil.example", "login.bank.example"];

/** Few values per type, so that attributes meet. Address and name types share theirs: one value, several patterns. */
const values: Readonly<Record<string, readonly string[]>> = {
  "ip-src": addresses,
  "ip-dst": addresses,
  domain: names,
  hostname: names,
  url: ["http://evil.example/a?x=1", "https://login.bank.example/it's", "http://203.0.113.9/"],
  "email-src": ["ceo@bank.example", "billing@evil.example"],
  filename: ["invoice.exe", "report 2026.pdf"],
  md5: ["6f5902ac237024bdd0c176cb93063dc4", "d41d8cd98f00b204e9800998ecf8427e"],
  sha1: ["11f6ad8ec52a2984abaafd7c3b516503785c2072", "356a192b7913b04c54574d18c28d46e6395428ab"],
  sha256: [
    "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
    "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9",
  ],
  comment: ["seen in a mail", "call back"],
  text: ["free text"],
};

const types: readonly string[] = Object.keys(values);

/** The names that tags have or get. One is not for export. */
const tagNames: readonly string[] = [
  "tlp:clear",
  "tlp:green",
  "tlp:amber",
  "tlp:red",
  "TLP:AMBER",
  'misp:confidence-level="usually-confident"',
  "work:triage",
  "kill-chain:delivery",
];

const comments: readonly string[] = ["", "from the sandbox", "confirmed", "ünïcode “quoted”"];
const infos: readonly string[] = ["Phishing wave", "Ransomware, spring", "Botnet C2"];

function one(list: readonly string[], random: Random): string {
  return list[random(list.length)] ?? "";
}

/** One of the pool's rows, if there is any. */
export function anyOf<Row extends { readonly id: number }>(pool: Pool<Row>, random: Random): Row | undefined {
  return pool.size === 0 ? undefined : pool.at(random(pool.size));
}

/** True once in `times`. */
export function once(times: number, random: Random): boolean {
  return random(times) === 0;
}

export const randomType = (random: Random): string => one(types, random);
export const randomValue = (type: string, random: Random): string => one(values[type] ?? addresses, random);
export const randomTagName = (random: Random): string => one(tagNames, random);
export const isExportable = (tagName: string): boolean => !tagName.startsWith("work:");
export const randomComment = (random: Random): string => one(comments, random);
export const randomInfo = (random: Random): string => one(infos, random);

/** Up to two tags, often none. */
export function randomTags(random: Random): NewTag[] {
  return Array.from({ length: Math.max(0, random(4) - 1) }, () => {
    const name = randomTagName(random);
    return { name, local: once(5, random), exportable: isExportable(name) };
  });
}

/** An attribute to be made; `to_ids` is mostly on, `deleted` is left out. */
export function randomAttribute(random: Random): NewAttribute {
  const type = randomType(random);
  return {
    type,
    value: randomValue(type, random),
    toIds: !once(6, random),
    comment: randomComment(random),
    tags: randomTags(random),
  };
}
