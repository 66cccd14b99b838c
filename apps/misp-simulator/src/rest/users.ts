import type { Json } from "../messages/json.ts";
import { publishedOrg } from "../messages/publish-message.ts";
import { notFound, pretty } from "./answer.ts";
import type { Endpoint } from "./endpoint.ts";
import { maySight, maySync, type RestKey, type RestRole } from "./key.ts";

const roleIds: Readonly<Record<RestRole, number>> = { "site-admin": 1, sighting: 3, sync: 5, "read-only": 6 };

function roleOf(key: RestKey): Json {
  const name = key.role ?? "sighting";
  const isAdmin = name === "site-admin";
  const mayWrite = name !== "read-only";
  return {
    id: String(roleIds[name]),
    name,
    perm_add: mayWrite,
    perm_modify: mayWrite,
    perm_modify_org: mayWrite,
    perm_publish: maySync(key),
    perm_delegate: maySync(key),
    perm_sync: maySync(key),
    perm_admin: isAdmin,
    perm_audit: isAdmin,
    perm_auth: true,
    perm_site_admin: isAdmin,
    perm_regexp_access: isAdmin,
    perm_tagger: mayWrite,
    perm_template: isAdmin,
    perm_sharing_group: maySync(key),
    perm_tag_editor: maySync(key),
    perm_sighting: maySight(key),
    perm_object_template: isAdmin,
    default_role: false,
    enforce_rate_limit: key.searches !== undefined,
    rate_limit_count: String(key.searches?.count ?? 0),
    permission: String(mayWrite ? 3 : 0),
    permission_description: mayWrite ? "publish" : "read_only",
  };
}

/** `users/view/me`, in the parts that say who the key belongs to and what its role may do. Not recorded: after MISP's code. */
export const usersView: Endpoint = (request, { key, model }) => {
  const org = model.state.orgs.get(key.orgId ?? 1);
  if (request.parameters[0] !== "me" || org === undefined) {
    return notFound(request.url, "Invalid user or not authorised.");
  }
  const role = roleOf(key);
  return pretty(
    {
      User: {
        id: String(org.id),
        password: "*****",
        org_id: String(org.id),
        email: `${role["name"]}@org-${org.id}.example`,
        autoalert: false,
        invited_by: "0",
        termsaccepted: true,
        role_id: role["id"],
        change_pw: false,
        contactalert: false,
        disabled: false,
        expiration: null,
        force_logout: false,
        totp: "*****",
      },
      Role: role,
      UserSetting: [],
      Organisation: publishedOrg(org),
    },
    request.headers["user-agent"],
  );
};
