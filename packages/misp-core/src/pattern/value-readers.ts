import { type HashForm, type HashType, hashForms } from "./hash.ts";
import { halves, lowerCase, notTwoHalves, type Reader, trim, unusable, usable } from "./reading.ts";
import { refang } from "./refang.ts";

/** Text that means exactly what it says. */
export const readText: Reader = (value) => usable(value);

/** `url`, `link`. */
export const readUrl: Reader = (value) => {
  const url = refang(value, "url");
  return url === undefined ? unusable("defanged more than three times over") : usable(url);
};

/** `email`, `email-src`, `email-dst`. */
export const readEmail: Reader = (value) => readEmailAsItIs(refang(lowerCase(value), "email") ?? "");

/** `eppn`: an address by its form, but neither refanged nor put in lower case by the server. */
export const readEmailAsItIs: Reader = (value) => {
  // The server's `^.[^\s]*@.*\..*$` without its quadratic time: no other @ can do better than the first.
  const at = value.indexOf("@", 1);
  const isAddress = at !== -1 && !/\s/.test(value.slice(1, at)) && value.includes(".", at);
  return isAddress ? usable(value) : unusable("expected an email address");
};

/** `http-method`: STIX wants it in lower case, MISP stores it in upper case. */
export const readHttpMethod: Reader = (value) =>
  /^[a-z]+(?:-[a-z]+)*$/i.test(value) ? usable(lowerCase(value)) : unusable("expected one HTTP method");

/** `size-in-bytes`. STIX integers end at 2^63 - 1; no file is that large. */
export const readSize: Reader = (value) => {
  const size = /^0*(\d{1,18})$/.exec(value)?.[1];
  return size === undefined ? unusable("expected a whole number of at most 18 digits") : usable(String(BigInt(size)));
};

/** `regkey|value`: a key has no `|`, a value may, so the first one separates. */
export const readRegistryValue: Reader = (value) => {
  const bar = value.indexOf("|");
  const key = trim(value.slice(0, Math.max(bar, 0)));
  const data = trim(value.slice(bar + 1));
  return key === "" || data === "" ? unusable("expected a key and its value with a | between them") : usable(key, data);
};

/** A hash by itself. */
export function hashReader(type: HashType): Reader {
  const form = hashForms[type];
  return (value) => checkHash(form, value, []);
}

/** `filename|…`, `malware-sample`: the hash is checked, the name is text. */
export function fileAndHashReader(type: HashType): Reader {
  const form = hashForms[type];
  return (value) => {
    const both = halves(value);
    return both === undefined ? unusable(notTwoHalves) : checkHash(form, both[1], [both[0]]);
  };
}

/** `x509-fingerprint-…`: the server drops the colons. */
export function fingerprintReader(type: HashType): Reader {
  const form = hashForms[type];
  return (value) => checkHash(form, value.replaceAll(":", ""), []);
}

function checkHash(form: HashForm, value: string, before: readonly string[]): ReturnType<Reader> {
  const hash = form.keepCase ? value : lowerCase(value);
  return form.form.test(hash) ? usable(...before, hash) : unusable(`expected ${form.expected}`);
}
