import { readNamedFile } from "./named-file.ts";
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
    const content = readNamedFile(file, { place, folder, report });
    // Whoever writes a file ends its last line; anything else belongs to the secret.
    return content === undefined ? section : { ...section, [key]: content.replace(/[\r\n]+$/, "") };
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

/** What of the API's secrets stands outside of the section. */
export interface SecretsElsewhere {
  /** PEM, from its file. */
  readonly clientKey: string | undefined;
  /** Its proxies may have passwords in them; they are looked at when there is an `api` to be reached through them. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Every secret of the section, once placed: passwords, keys, and user information in URLs. */
export function collectSecrets(misp: Tree, { clientKey, environment }: SecretsElsewhere): readonly string[] {
  const { api, zmq, kafka } = misp;
  const { key, host, proxy } = asMapping(api);
  const config = asMapping(asMapping(kafka)["config"]);
  const found = [
    key,
    asMapping(zmq)["password"],
    ...userInformation(host),
    ...userInformation(proxy),
    clientKey,
    ...(isMapping(api) ? proxiesOf(environment).flatMap(userInformation) : []),
    ...Object.entries(config).flatMap(([name, value]) => (secretProperty.test(name) ? [value] : [])),
  ];
  const texts = found.filter((secret) => typeof secret === "string");
  return [...new Set(texts)].filter((secret) => secret.length >= minSecretLength);
}

/** The proxies that the environment names, whichever of them a host wants; a bare `user:password@host:port` means http. */
function proxiesOf(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(environment).flatMap(([name, value]) => {
    if (value === undefined || !/^https?_proxy$/i.test(name)) return [];
    const proxy = value.trim();
    return [proxy.includes("://") ? proxy : `http://${proxy}`];
  });
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
