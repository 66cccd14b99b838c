import { createRequire } from "node:module";
import type * as NodeRdkafka from "node-rdkafka";
import { KafkaSourceError } from "./kafka-source-error.ts";

// Package names: Debian's and Alpine's node-gyp prerequisites and librdkafka's own; SASL SCRAM and PLAIN and TLS need OpenSSL.
const help = `node-rdkafka's native part is not built: it has no prebuilt files and is compiled when it is installed. \
Install a compiler: apt-get install build-essential python3 libssl-dev zlib1g-dev libsasl2-dev libzstd-dev (Debian, Ubuntu), \
dnf install gcc-c++ make python3 openssl-devel zlib-devel cyrus-sasl-devel libzstd-devel (RHEL, Fedora), \
apk add bash g++ make python3 linux-headers openssl-dev zlib-dev cyrus-sasl-dev zstd-dev (Alpine); \
then run: npm rebuild node-rdkafka (with pnpm allow its build first: pnpm approve-builds, then pnpm rebuild node-rdkafka)`;

/** node-rdkafka. Loading this module throws a {@link KafkaSourceError} where it is not built: its own error names paths only. */
export const KafkaConsumer: typeof NodeRdkafka.KafkaConsumer = load().KafkaConsumer;

function load(): typeof NodeRdkafka {
  try {
    return createRequire(import.meta.url)("node-rdkafka") as typeof NodeRdkafka;
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new KafkaSourceError("native_missing", `${help} [${reason}]`, error);
  }
}
