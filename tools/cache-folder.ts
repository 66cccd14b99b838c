import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Where tests keep what they had to fetch or build, outside the checkout: `$THREATBUS_MISP_CACHE`, or else `threatbus-misp` in the
 * user's cache folder.
 */
export function cacheFolder(): string {
  const own = process.env["THREATBUS_MISP_CACHE"];
  if (own !== undefined && own !== "") return own;
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "threatbus-misp");
  if (process.platform === "win32") return join(process.env["LOCALAPPDATA"] ?? homedir(), "threatbus-misp");
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "threatbus-misp");
}
