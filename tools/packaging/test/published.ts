import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const root: string = fileURLToPath(new URL("../../..", import.meta.url));

/** What is published, under the short names of this project. */
export const published = {
  core: { name: "@tb/misp-core", folder: "packages/misp-core" },
  zmq: { name: "@tb/source-zmq", folder: "packages/source-zmq" },
  kafka: { name: "@tb/source-kafka", folder: "packages/source-kafka" },
  api: { name: "@tb/misp-api", folder: "packages/misp-api" },
  sightings: { name: "@tb/misp-sightings", folder: "packages/misp-sightings" },
  bus: { name: "@tb/bus-zmq", folder: "packages/bus-zmq" },
  plugin: { name: "@tb/plugin", folder: "apps/plugin" },
} as const;

export type Key = keyof typeof published;

export const keys = Object.keys(published) as readonly Key[];

/** The path of each packed tarball. */
export type Tarballs = Readonly<Record<Key, string>>;
