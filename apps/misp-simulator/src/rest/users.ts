import type { Json, Wire } from "../messages/wire.ts";
import { notFound, pretty } from "./answer.ts";
import type { Endpoint } from "./endpoint.ts";
import { maySight, maySync, type RestKey, type RestRole } from "./key.ts";

const roleIds: Readonly<Record<RestRole, number>> = { "site-admin": 1, sighting: 3, sync: 5, "read-only": 6 };

function roleOf(wire: Wire, key: RestKey): Json {
  const name = key.role ?? "sighting";
  const isAdmin = name === "site-admin";
  const mayWrite = name !== "read-only";
  return {
    id: wire.number(roleIds[name]),
    name,
    perm_add: wire.flag(mayWrite),
    perm_modify: wire.flag(mayWrite),
    perm_modify_org: wire.flag(mayWrite),
    perm_publish: wire.flag(maySync(key)),
    perm_delegate: wire.flag(maySync(key)),
    perm_sync: wire.flag(maySync(key)),
    perm_admin: wire.flag(isAdmin),
    perm_audit: wire.flag(isAdmin),
    perm_auth: wire.flag(true),
    perm_site_admin: wire.flag(isAdmin),
    perm_regexp_access: wire.flag(isAdmin),
    perm_tagger: wire.flag(mayWrite),
    perm_template: wire.flag(isAdmin),
    perm_sharing_group: wire.flag(maySync(key)),
    perm_tag_editor: wire.flag(maySync(key)),
    perm_sighting: wire.flag(maySight(key)),
    perm_object_template: wire.flag(isAdmin),
    default_role: wire.flag(false),
    enforce_rate_limit: wire.flag(key.searches !== undefined),
    rate_limit_count: wire.number(key.searches?.count ?? 0),
    permission: wire.number(mayWrite ? 3 : 0),
    permission_description: mayWrite ? "publish" : "read_only",
  };
}

/** `users/view/me`, in the parts that say who the key belongs to and what its role may do. Not recorded: after MISP's code. */
export const usersView: Endpoint = (request, { key, wire, model }) => {
  const org = model.state.orgs.get(key.orgId ?? 1);
  if (request.parameters[0] !== "me" || org === undefined) {
    return notFound(request.url, "Invalid user or not authorised.");
  }
  const role = roleOf(wire, key);
  return pretty(
    {
      User: {
        id: wire.number(org.id),
        password: "*****",
        org_id: wire.number(org.id),
        email: `${role["name"]}@org-${org.id}.example`,
        autoalert: wire.flag(false),
        invited_by: wire.number(0),
        termsaccepted: wire.flag(true),
        role_id: role["id"],
        change_pw: wire.flag(false),
        contactalert: wire.flag(false),
        disabled: wire.flag(false),
        expiration: null,
        force_logout: wire.flag(false),
        totp: "*****",
      },
      Role: role,
      UserSetting: [],
      Organisation: { id: wire.number(org.id), name: org.name, uuid: org.uuid, local: wire.flag(org.local) },
    },
    request.headers["user-agent"],
  );
};
