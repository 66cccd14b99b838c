/** MISP types without a pattern, by the reason for it. */
export interface UnmappedGroup {
  readonly reason: string;
  readonly types: readonly string[];
}

/**
 * Every MISP type that has no pattern. An attribute of such a type is withheld and counted, since a made-up property would look
 * like a detection and match nothing.
 */
export const unmapped: readonly UnmappedGroup[] = [
  {
    reason: "STIX 2.1 has no property for this fingerprint or key, so no tool could compare it.",
    types: [
      "ja3-fingerprint-md5",
      "jarm-fingerprint",
      "hassh-md5",
      "hasshserver-md5",
      "favicon-mmh3",
      "dom-hash",
      "community-id",
      "ssh-fingerprint",
      "git-commit-id",
      "pgp-public-key",
      "pgp-private-key",
      "dkim",
      "dkim-signature",
    ],
  },
  {
    reason: "The language of the rule or pattern has no STIX pattern_type, or MISP does not say which language it is.",
    types: [
      "bro",
      "zeek",
      "gene",
      "kusto-query",
      "pattern-in-file",
      "pattern-in-traffic",
      "pattern-in-memory",
      "filename-pattern",
      "cortex",
    ],
  },
  {
    reason: "It can be seen on a host or in traffic, but STIX 2.1 has no property that means just this.",
    types: ["pdb", "named pipe", "process-state", "windows-scheduled-task", "cookie", "hex", "onion-address"],
  },
  {
    reason:
      "It is a detail of a mail that also occurs in innocent mails, or that the header's name alone does not settle.",
    types: ["email-dst-display-name", "email-src-display-name", "email-mime-boundary", "email-thread-index"],
  },
  {
    reason: "It names an app or an account in a service; STIX 2.1 has no property by which a sensor would meet it.",
    types: [
      "mobile-application-id",
      "azure-application-id",
      "chrome-extension-id",
      "edge-extension-id",
      "github-repository",
      "github-organisation",
      "jabber-id",
      "twitter-id",
    ],
  },
  {
    reason: "It is money or a phone number: no sensor on a network or host compares it.",
    types: [
      "btc",
      "dash",
      "xmr",
      "iban",
      "bic",
      "bank-account-nr",
      "aba-rtn",
      "bin",
      "cc-number",
      "prtn",
      "phone-number",
    ],
  },
  {
    reason: "It says who registered a domain, which is knowledge about the domain and not in the traffic.",
    types: [
      "whois-registrant-email",
      "whois-registrant-phone",
      "whois-registrant-name",
      "whois-registrant-org",
      "whois-registrar",
      "whois-creation-date",
      "dns-soa-email",
    ],
  },
  {
    reason: "It is context for people: what an attack is called, whom it hits, which weakness it uses.",
    types: [
      "vulnerability",
      "weakness",
      "threat-actor",
      "campaign-name",
      "campaign-id",
      "malware-type",
      "target-user",
      "target-email",
      "target-machine",
      "target-org",
      "target-location",
      "target-external",
    ],
  },
  {
    reason: "It describes a person or a journey.",
    types: [
      "identity-card-number",
      "first-name",
      "middle-name",
      "last-name",
      "full-name",
      "date-of-birth",
      "place-of-birth",
      "gender",
      "passport-number",
      "passport-country",
      "passport-expiration",
      "redress-number",
      "nationality",
      "visa-number",
      "issue-date-of-the-visa",
      "primary-residence",
      "country-of-residence",
      "special-service-request",
      "frequent-flyer-number",
      "travel-details",
      "payment-details",
      "place-port-of-original-embarkation",
      "place-port-of-clearance",
      "place-port-of-onward-foreign-destination",
      "passenger-name-record-locator-number",
    ],
  },
  {
    reason: "It is a bare value: without the object it belongs to, it says nothing that could be compared.",
    types: ["float", "counter", "integer", "datetime", "boolean", "uuid", "comment", "text", "other", "anonymised"],
  },
];
