/**
 * What a key's user may do, after the roles on the recorded MISP: `read-only` has no `perm_sighting`, `sync` may report
 * sightings on behalf of other organisations, `site-admin` sees everything.
 */
export type RestRole = "read-only" | "sighting" | "sync" | "site-admin";

/** An API key with the user that it belongs to. */
export interface RestKey {
  /** 40 letters and digits; anything else is refused like an unknown key. */
  readonly key: string;
  /** The user's organisation. The model's own one (id 1) owns every event here, so it sees what is organisation-only. @default 1 */
  readonly orgId?: number;
  /** @default "sighting" */
  readonly role?: RestRole;
  /** Whole seconds; from then on `Auth key is expired`. Announced in `X-Auth-Key-Expiration`. @default never */
  readonly expiresAt?: number;
  /** The user was disabled. @default false */
  readonly disabled?: boolean;
  /** Sees what is distributed to a sharing group (distribution 4); the model has no groups of its own. @default false */
  readonly inSharingGroups?: boolean;
  /** The role's limit on searches. `count: 0` is 405 "API searches are not allowed …". @default none */
  readonly searches?: { readonly count: number };
}

/** What is taken away from a key while it is in use. What a key may not see is absent from every answer, without a word. */
export interface Narrowing {
  /** Only events of these creator organisations are left. */
  readonly orgcIds?: readonly number[];
  readonly withoutEvents?: readonly number[];
  readonly withoutAttributes?: readonly number[];
}

/** Keys for tests that need no particular ones. None of them is a secret. */
export const exampleKeys = {
  /** The owner's user: sees all that is organisation-only here, and reports sightings. */
  own: { key: exampleKey("own"), orgId: 1, role: "sighting" },
  /** Another organisation's user, who reports sightings. */
  other: { key: exampleKey("other"), orgId: 2, role: "sighting" },
  /** A user of the owner without `perm_sighting`. */
  readOnly: { key: exampleKey("readOnly"), orgId: 1, role: "read-only" },
  sync: { key: exampleKey("sync"), orgId: 2, role: "sync" },
  admin: { key: exampleKey("admin"), orgId: 1, role: "site-admin" },
  expired: { key: exampleKey("expired"), orgId: 1, role: "sighting", expiresAt: 1 },
} as const satisfies Readonly<Record<string, RestKey>>;

function exampleKey(name: string): string {
  return `${name}Example`.padEnd(40, "0");
}

/** May it report sightings. */
export function maySight(key: RestKey): boolean {
  return (key.role ?? "sighting") !== "read-only";
}

/** May it book a sighting on another organisation. */
export function maySync(key: RestKey): boolean {
  return key.role === "sync" || key.role === "site-admin";
}
