import { type Fields, isFields, readId, readOptionalBoolean } from "@tb/misp-core";
import { readInteger, readText } from "./read-fields.ts";
import type { RequestOptions, Send } from "./request.ts";
import { unexpected } from "./unexpected.ts";

/** The user that the key belongs to. */
export interface OwnUser {
  readonly id: number;
  readonly org: {
    readonly id: number | undefined;
    readonly name: string | undefined;
  };
  readonly role: {
    readonly name: string | undefined;
    /** Site administrators see and may do everything: too much for this program. */
    readonly siteAdmin: boolean;
    readonly maySight: boolean;
    /** Searches that are allowed in 15 minutes; 0: none at all. Undefined: no limit. */
    readonly searchesPerWindow: number | undefined;
  };
}

/**
 * `GET /users/view/me`, as read in MISP's `UsersController`. The permissions are the role's: a read-only key has fewer, see
 * `MispVersion`. MISPs without advanced keys put the key itself into this answer; it is not read.
 */
export async function readOwnUser(send: Send, options: RequestOptions | undefined): Promise<OwnUser> {
  const path = "/users/view/me";
  const answer = await send(path, options);
  const body: Fields = isFields(answer.body) ? answer.body : {};
  const part = (name: string): Fields => (isFields(body[name]) ? body[name] : {});
  const [user, role, org] = [part("User"), part("Role"), part("Organisation")];
  const id = readId(user["id"]);
  if (id === undefined) throw unexpected(path, "there is no user in it", answer);
  const may = (permission: string) => readOptionalBoolean(role[permission]) ?? false;
  return {
    id,
    org: {
      id: readId(org["id"]) ?? readId(user["org_id"]),
      name: readText(org["name"]),
    },
    role: {
      name: readText(role["name"]),
      siteAdmin: may("perm_site_admin"),
      maySight: may("perm_sighting") || may("perm_site_admin"),
      searchesPerWindow: may("enforce_rate_limit") ? readInteger(role["rate_limit_count"]) : undefined,
    },
  };
}
