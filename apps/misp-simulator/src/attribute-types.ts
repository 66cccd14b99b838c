/** What MISP proposes for a type: its category and whether it is for detection. */
export interface TypeDefaults {
  readonly category: string;
  readonly toIds: boolean;
}

const network: TypeDefaults = { category: "Network activity", toIds: true };
const payload: TypeDefaults = { category: "Payload delivery", toIds: true };
const note: TypeDefaults = { category: "Other", toIds: false };

/** As recorded, for the types that the recordings have; any other type is taken as network activity. */
const defaults: Readonly<Record<string, TypeDefaults>> = {
  AS: { category: "Network activity", toIds: false },
  attachment: { category: "External analysis", toIds: false },
  comment: note,
  email: { category: "Social network", toIds: true },
  "email-dst": network,
  "email-src": payload,
  "email-subject": { category: "Payload delivery", toIds: false },
  filename: payload,
  "filename|md5": payload,
  "filename|sha256": payload,
  imphash: payload,
  "malware-sample": payload,
  md5: payload,
  mutex: { category: "Artifacts dropped", toIds: true },
  other: note,
  regkey: { category: "Persistence mechanism", toIds: true },
  "regkey|value": { category: "Persistence mechanism", toIds: true },
  sha1: payload,
  sha256: payload,
  sha512: payload,
  "size-in-bytes": note,
  "stix2-pattern": { category: "Payload installation", toIds: true },
  text: note,
  "user-agent": { category: "Network activity", toIds: false },
  vulnerability: { category: "External analysis", toIds: false },
  yara: { category: "Payload installation", toIds: true },
};

/** The defaults for a MISP attribute type. */
export function typeDefaults(type: string): TypeDefaults {
  return Object.hasOwn(defaults, type) ? (defaults[type] ?? network) : network;
}
