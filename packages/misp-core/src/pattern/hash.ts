/** How a hash type looks, and under which key STIX compares it. */
export interface HashForm {
  /** As it stands in a path after `hashes.`: quoted when it is more than letters and digits. */
  readonly key: string;
  /** What MISP's server stores, which is what the OASIS validator takes for the keys it knows. */
  readonly form: RegExp;
  /** The form, for a person. */
  readonly expected: string;
  /** These are case-sensitive; all others are stored in lower case. */
  readonly keepCase?: true;
}

/** Hash types by MISP's name. */
export type HashType =
  | "md5"
  | "sha1"
  | "sha224"
  | "sha256"
  | "sha384"
  | "sha512"
  | "sha512/224"
  | "sha512/256"
  | "sha3-224"
  | "sha3-256"
  | "sha3-384"
  | "sha3-512"
  | "authentihash"
  | "imphash"
  | "pehash"
  | "cdhash"
  | "telfhash"
  | "tlsh"
  | "vhash"
  | "ssdeep"
  | "impfuzzy";

const fuzzy = {
  form: /^\d+:[0-9a-zA-Z/+]*:[0-9a-zA-Z/+]*$/,
  keepCase: true,
  expected: "block size:hash:hash",
} as const;

/**
 * A wrong length or character makes python-stix2 refuse the whole indicator, so it has to be found
 * here. The keys beyond the STIX vocabulary are MISP's names in capitals; `SHA-512-224` and `SHA-512-256` are made up so that
 * nobody takes them for SHA-224 and SHA-256.
 */
export const hashForms: Readonly<Record<HashType, HashForm>> = {
  md5: hexadecimal("MD5", 32),
  sha1: hexadecimal("'SHA-1'", 40),
  sha224: hexadecimal("'SHA-224'", 56),
  sha256: hexadecimal("'SHA-256'", 64),
  sha384: hexadecimal("'SHA-384'", 96),
  sha512: hexadecimal("'SHA-512'", 128),
  "sha512/224": hexadecimal("'SHA-512-224'", 56),
  "sha512/256": hexadecimal("'SHA-512-256'", 64),
  "sha3-224": hexadecimal("'SHA3-224'", 56),
  "sha3-256": hexadecimal("'SHA3-256'", 64),
  "sha3-384": hexadecimal("'SHA3-384'", 96),
  "sha3-512": hexadecimal("'SHA3-512'", 128),
  authentihash: hexadecimal("AUTHENTIHASH", 64),
  imphash: hexadecimal("IMPHASH", 32),
  pehash: hexadecimal("PEHASH", 40),
  cdhash: { key: "CDHASH", form: /^[0-9a-f]{40,}$/, expected: "40 or more hexadecimal characters" },
  telfhash: {
    key: "TELFHASH",
    form: /^(?:(?:t1)?[0-9a-f]{70}|[0-9a-f]{72})$/,
    expected: "70 or 72 hexadecimal characters",
  },
  tlsh: { key: "TLSH", form: /^t?[0-9a-f]{36,}$/, expected: "36 or more hexadecimal characters, perhaps after a t" },
  // VirusTotal's own: letters, digits and signs of no fixed length.
  vhash: { key: "VHASH", form: /^.+$/, expected: "any text" },
  ssdeep: { key: "SSDEEP", ...fuzzy, form: /^(?=.{1,128}$)\d+:[0-9a-zA-Z/+]*:[0-9a-zA-Z/+]*$/ },
  impfuzzy: { key: "IMPFUZZY", ...fuzzy },
};

function hexadecimal(key: string, length: number): HashForm {
  return { key, form: new RegExp(`^[0-9a-f]{${length}}$`), expected: `${length} hexadecimal characters` };
}
