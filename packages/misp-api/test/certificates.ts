import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of our own. Call `remove` when the tests are over. */
export function createAuthority() {
  const folder = mkdtempSync(join(tmpdir(), "misp-api-tls-"));
  const at = (name: string) => join(folder, name);
  const openssl = (...parameters: string[]) => execFileSync("openssl", parameters, { cwd: folder, stdio: "pipe" });
  const newKey = (name: string) =>
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", name);

  newKey("ca.key");
  openssl("req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=Test CA", "-days", "2", "-out", "ca.pem");

  return {
    /** Where the files are, `ca.pem` among them. */
    folder,
    ca: readFileSync(at("ca.pem"), "utf8"),
    /** A certificate for these names (`IP:127.0.0.1`), for some days from now; negative: it has expired. */
    issue(names: string, days = 2): Identity {
      newKey("leaf.key");
      writeFileSync(at("leaf.ext"), `subjectAltName=${names}\n`);
      openssl("req", "-new", "-key", "leaf.key", "-subj", "/CN=leaf", "-out", "leaf.csr");
      openssl(
        ...["x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
        ...["-extfile", "leaf.ext", "-out", "leaf.pem", "-days", String(days)],
      );
      return { cert: readFileSync(at("leaf.pem"), "utf8"), key: readFileSync(at("leaf.key"), "utf8") };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
