import type { MispVersion, OwnUser } from "@tb/misp-api";
import { neutralise } from "../neutralise.ts";
import { shorten } from "../shorten.ts";

/** MISP as it presents itself to the key. */
export interface UsableMisp {
  readonly version: MispVersion;
  /** Undefined: MISP takes the key, and does not tell whose it is. */
  readonly user: OwnUser | undefined;
}

/** One line for a person. */
export interface MispFinding {
  readonly level: "info" | "warn";
  readonly text: string;
}

/** What all of MISP's answers that the tests replay were recorded from. */
const oldestVersion = "2.5.1";
const warnBeforeExpiryMs = 30 * 24 * 60 * 60 * 1000;
const dayMs = 24 * 60 * 60 * 1000;
/** Names come from MISP, which allows 255 characters and more. */
const maxNameLength = 100;

/** Who the key is, and in one line each what it lacks, or has too much of. */
export function describeMisp({ version, user }: UsableMisp, nowMs: number): readonly MispFinding[] {
  const name = (text: string | undefined) =>
    text === undefined ? "unknown" : shorten(neutralise(text), maxNameLength);
  const role = `role ${name(user?.role.name)}`;
  const findings: MispFinding[] = [];
  const warn = (text: string) => void findings.push({ level: "warn", text });

  findings.push({
    level: "info",
    text:
      `MISP ${name(version.version)} takes the key` +
      (user === undefined ? "" : `: user ${user.id} of organisation ${name(user.org.name)}, ${role}`),
  });
  if (isOlder(version.version, oldestVersion)) {
    warn(
      `MISP ${name(version.version)} is older than ${oldestVersion}, the oldest that this program is tested against`,
    );
  }
  if (!version.maySight) {
    const why =
      user === undefined
        ? "the key"
        : user.role.maySight
          ? // The role has the permission, and MISP takes it away for this key alone.
            "the key is read-only and"
          : `the key's ${role}`;
    const remedy = user?.role.maySight ? "make one in MISP that is not read-only" : "give it perm_sighting in MISP";
    warn(`${why} may not report sightings, so none goes to MISP; ${remedy}`);
  }
  if (user?.role.searchesPerWindow === 0) {
    warn(
      `the key's ${role} may not search, so nothing heals what MISP's stream loses; raise its rate limit above 0 in MISP, or take the limit away`,
    );
  }
  const expiry = describeExpiry(version.keyExpiresAtMs, nowMs);
  if (expiry !== undefined) warn(expiry);
  if (user?.role.siteAdmin) {
    warn(
      "the key is a site administrator's, who sees and may do everything; use one of a user who may only report sightings",
    );
  }
  return findings;
}

function describeExpiry(atMs: number | undefined, nowMs: number): string | undefined {
  if (atMs === undefined || atMs - nowMs > warnBeforeExpiryMs) return undefined;
  const moment = new Date(atMs).toISOString();
  if (atMs <= nowMs)
    return `the key expired at ${moment}, by this machine's clock; set the clock, or put a new key into api`;
  const days = Math.floor((atMs - nowMs) / dayMs);
  const left = days === 0 ? "in less than a day" : days === 1 ? "in 1 day" : `in ${days} days`;
  return `the key expires at ${moment}, ${left}; make a new one in MISP, put it into api, and start again`;
}

/** A version that is no three numbers is not compared. */
function isOlder(version: string, than: string): boolean {
  const numbers = (text: string) => /^v?(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1).map(Number);
  const [ours, oldest] = [numbers(version), numbers(than)];
  if (ours === undefined || oldest === undefined) return false;
  const at = ours.findIndex((number, i) => number !== oldest[i]);
  return at >= 0 && (ours[at] ?? 0) < (oldest[at] ?? 0);
}
