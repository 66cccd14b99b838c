/** A source of chance: an integer from 0 to below `limit`. */
export type Chance = (limit: number) => number;

/** A repeatable one (xorshift32). */
export function createChance(seed: number): Chance {
  let state = seed | 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

const encoder = new TextEncoder();

/** Fragments that have broken parsers before. */
const fragments = [
  '"__proto__":{"to_ids":true},',
  '"constructor":{"prototype":1},',
  '"id":"99999999999999999999",',
  '"id":1e400,',
  '"timestamp":-0,',
  '"uuid":null,',
  '"value":"\\ud800",',
  '"value":"\\u0000",',
  '"value":"a\\udc00b",',
  '"type":{"$gt":""},',
  '"Tag":[[[[[]]]]],',
  '"Tag":{"length":-1},',
  '"Event":[],',
  '"action":["add"],',
  '"toString":1,',
].map((text) => encoder.encode(text));

const values = ["null", "true", "[]", "{}", '""', "0", "-1", "1e309", '"\\uD800"', "9007199254740993", '"x"'].map(
  (text) => encoder.encode(text),
);

function splice(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length - remove + insert.length);
  result.set(bytes.subarray(0, at));
  result.set(insert, at);
  result.set(bytes.subarray(at + remove), at + insert.length);
  return result;
}

/** Where a value or key begins: behind a colon, comma or opening bracket, near a random place. */
function boundary(bytes: Uint8Array, chance: Chance): number {
  const from = chance(bytes.length);
  for (let i = from; i < bytes.length; i++) {
    if (bytes[i] === 0x3a || bytes[i] === 0x2c || bytes[i] === 0x7b || bytes[i] === 0x5b) return i + 1;
  }
  return from;
}

function endOfValue(bytes: Uint8Array, from: number): number {
  for (let i = from; i < bytes.length; i++) if (bytes[i] === 0x2c || bytes[i] === 0x7d || bytes[i] === 0x5d) return i;
  return bytes.length;
}

const mutations: readonly ((bytes: Uint8Array, chance: Chance, other: Uint8Array) => Uint8Array)[] = [
  (bytes, chance) => {
    const flipped = bytes.slice();
    for (let n = 1 + chance(4); n > 0; n--) flipped[chance(flipped.length)] = chance(256);
    return flipped;
  },
  (bytes, chance) => bytes.slice(0, chance(bytes.length)),
  (bytes, chance) => bytes.slice(chance(bytes.length)),
  (bytes, chance) => splice(bytes, boundary(bytes, chance), 0, fragments[chance(fragments.length)] as Uint8Array),
  (bytes, chance) => {
    const at = boundary(bytes, chance);
    return splice(bytes, at, endOfValue(bytes, at) - at, values[chance(values.length)] as Uint8Array);
  },
  (bytes, chance) => {
    const levels = 1 + chance(200);
    const nested = `${"[".repeat(levels)}${chance(2) === 0 ? "]".repeat(levels) : ""},`;
    return splice(bytes, boundary(bytes, chance), 0, encoder.encode(nested));
  },
  (bytes, chance, other) => splice(bytes, chance(bytes.length), 0, other.subarray(chance(other.length))),
  (bytes, chance) => {
    const at = chance(bytes.length);
    return splice(bytes, at, Math.min(chance(60), bytes.length - at), new Uint8Array(0));
  },
];

/** What a field is exchanged for: right in another place, nearly right, or from elsewhere altogether. */
const strangers: readonly unknown[] = [
  ...[null, true, false, [], {}, [null], { id: "1" }, "", "x", "x".repeat(300), "\u0000", "\u001b[2J"],
  ...[0, 1, -1, 1.5, 2 ** 48, 2 ** 53, 1e308, "0", "1", "-1", "1601906335000", "253402300800"],
  ...[
    "\ud800",
    "a\udc00b",
    "\u{1f600}",
    "00000000-0000-0000-0000-000000000000",
    "5F7B2284-BDD8-4EF4-B457-032AC0A82F02",
  ],
  ...["add", "edit", "soft-delete", "delete", "publish", "attached to event", "detached from attribute", ["add"]],
];

/** Changes or drops one field and keeps the rest JSON: what breaks the parser never gets to decode's own checks. */
function mutateField(bytes: Uint8Array, chance: Chance): Uint8Array {
  let message: unknown;
  try {
    message = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return bytes;
  }
  let fields = message;
  while (typeof fields === "object" && fields !== null) {
    const keys = Object.keys(fields);
    const key = keys[chance(keys.length)];
    if (key === undefined) return bytes;
    const record = fields as Record<string, unknown>;
    if (typeof record[key] === "object" && record[key] !== null && chance(8) > 0) {
      fields = record[key];
      continue;
    }
    if (chance(5) === 0) delete record[key];
    else record[key] = strangers[chance(strangers.length)];
    return encoder.encode(JSON.stringify(message));
  }
  return bytes;
}

/**
 * A message as an adversary or a broken transport might send it: one to three changes to a real one, in every other message to
 * its fields only (of arbitrary changes, 19 of 20 get no further than the parser).
 */
export function mutateFrame(bytes: Uint8Array, other: Uint8Array, chance: Chance): Uint8Array {
  let mutated = bytes;
  if (chance(2) === 0) {
    for (let n = 1 + chance(3); n > 0; n--) mutated = mutateField(mutated, chance);
    return mutated;
  }
  for (let n = 1 + chance(3); n > 0; n--) {
    const mutate = mutations[chance(mutations.length)];
    if (mutate !== undefined && mutated.length > 0) mutated = mutate(mutated, chance, other);
  }
  return mutated;
}

/** A message whose value has so many bytes. */
export function hugeFrame(valueBytes: number, chance: Chance): Uint8Array {
  const character = ["x", "\\\\", '\\"', "[", "\u00e4"][chance(5)] ?? "x";
  const value = character.repeat(Math.floor(valueBytes / encoder.encode(character).length));
  return encoder.encode(
    `{"Attribute":{"id":"1","event_id":"1","uuid":"5f7b2284-bdd8-4ef4-b457-032ac0a82f02","type":"text","value":"${value}","timestamp":"1","to_ids":true},"action":"add"}`,
  );
}
