import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Report } from "./report.ts";
import { asMapping, type ConfigPath, isMapping, type Tree } from "./tree.ts";

/** Names of librdkafka's properties that hold secrets. */
const secretProperty = /password|secret|token|sasl\.jaas|\.pem$|oauthbearer\.config/i;
/** Shorter ones would tear every text apart, and are no secrets. */
const minSecretLength = 3;

export interface SecretOptions {
  /** Where the section stands. */
  readonly path: ConfigPath;
  /** What `…_file` is relative to. */
  readonly folder: string;
  /** A value as its author wrote it, where YAML made something else of it. */
  writtenAt(path: ConfigPath): string | undefined;
  readonly report: Report;
}

/**
 * The section `misp` with every secret in its place: read from its file, and as it was written, since a password such as `0123` is
 * no number. Reports files that cannot be read.
 */
export function placeSecrets(misp: Tree, { path, folder, writtenAt, report }: SecretOptions): Tree {
  const verbatim = (section: Tree, at: ConfigPath, isMeant: (key: string) => boolean): Tree =>
    Object.fromEntries(
      Object.entries(section).map(([key, value]) => [
        key,
        isMeant(key) ? (writtenAt([...at, key]) ?? (isPlain(value) ? String(value) : value)) : value,
      ]),
    );

  const fromFile = (section: Tree, at: ConfigPath, key: string): Tree => {
    const file = section[`${key}_file`];
    if (typeof file !== "string" || file === "") return section;
    const place = [...at, `${key}_file`];
    if (section[key] !== undefined) {
      report.problem(place, `"${key}" is set too`, "keep one of the two");
      return section;
    }
    const from = resolve(folder, file);
    try {
      // Whoever writes a file ends its last line; anything else belongs to the secret.
      const content = readFileSync(from, "utf8").replace(/[\r\n]+$/, "");
      if (content === "") report.problem(place, `${from} is empty`);
      return { ...section, [key]: content };
    } catch (error) {
      report.problem(place, `${from} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
      return section;
    }
  };

  const placed = { ...misp };
  const { api, zmq, kafka } = misp;
  if (isMapping(api)) {
    const at = [...path, "api"];
    placed["api"] = fromFile(
      verbatim(api, at, (key) => key === "key"),
      at,
      "key",
    );
  }
  if (isMapping(zmq)) {
    const at = [...path, "zmq"];
    placed["zmq"] = fromFile(
      verbatim(zmq, at, (key) => key === "username" || key === "password"),
      at,
      "password",
    );
  }
  if (isMapping(kafka) && isMapping(kafka["config"])) {
    const at = [...path, "kafka", "config"];
    placed["kafka"] = { ...kafka, config: verbatim(kafka["config"], at, (key) => secretProperty.test(key)) };
  }
  return placed;
}

function isPlain(value: unknown): boolean {
  return typeof value === "number" || typeof value === "boolean";
}

/** Every secret of the section, once placed: passwords, keys, and user information in URLs. */
export function collectSecrets(misp: Tree): readonly string[] {
  const { api, zmq, kafka } = misp;
  const { key, host, proxy } = asMapping(api);
  const config = asMapping(asMapping(kafka)["config"]);
  const found = [
    key,
    asMapping(zmq)["password"],
    ...userInformation(host),
    ...userInformation(proxy),
    ...Object.entries(config).flatMap(([name, value]) => (secretProperty.test(name) ? [value] : [])),
  ];
  const texts = found.filter((secret) => typeof secret === "string");
  return [...new Set(texts)].filter((secret) => secret.length >= minSecretLength);
}

/** `user:password` of a URL, and the password alone, as written and decoded; a user alone is a token. */
function userInformation(url: unknown): readonly string[] {
  if (typeof url !== "string" || !URL.canParse(url)) return [];
  const { username, password } = new URL(url);
  if (password === "") return [username, decode(username)];
  return [`${username}:${password}`, password, decode(password)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A bare % is allowed in a URL, and means itself.
    return text;
  }
}
