import { expect, it } from "vitest";
import { readOverrides, toLayoutOf } from "./environment.ts";

it("two underscores go one level down, case does not matter, values are YAML", () => {
  expect(
    readOverrides({
      THREATBUS_PLUGINS__APPS__MISP__ZMQ__PORT: "50001",
      threatbus_Logging__Console: "false",
      THREATBUS_PLUGINS__APPS__MISP__FILTER: "[{ types: [url] }]",
      THREATBUS_THREATBUS: "localhost:13370",
    }),
  ).toMatchObject([
    { path: ["plugins", "apps", "misp", "zmq", "port"], value: 50_001 },
    { path: ["logging", "console"], value: false, variable: "threatbus_Logging__Console" },
    { path: ["plugins", "apps", "misp", "filter"], value: [{ types: ["url"] }] },
    { path: ["threatbus"], value: "localhost:13370" },
  ]);
});

it("what belongs to others, or to nothing, is left alone", () => {
  const others = { THREATBUS_SNAPSHOT: "30", THREATBUS_: "x", PLUGINS__APPS__MISP: "x", STATE__PATH: "x" };
  const nothing = { THREATBUS_PLUGINS____PROTO____X: "1", THREATBUS_STATE__: "x", THREATBUS_STATE__PATH: undefined };
  expect(readOverrides({ ...others, ...nothing })).toEqual([]);
});

it("a value that is no YAML is a text, and nothing is printed about it", () => {
  expect(readOverrides({ THREATBUS_STATE__PATH: "[a" })).toMatchObject([{ value: "[a", text: "[a" }]);
  const warnings: unknown[] = [];
  const listen = (warning: unknown) => void warnings.push(warning);
  process.on("warning", listen);
  readOverrides({ THREATBUS_STATE__PATH: "!unknown x" });
  return new Promise<void>((resolve) =>
    setImmediate(() => {
      process.off("warning", listen);
      expect(warnings).toEqual([]);
      resolve();
    }),
  );
});

it.each([
  ["plugins.apps.misp.zmq.port", { plugins: { misp: {} } }, "plugins.misp.zmq.port"],
  ["plugins.misp.zmq.port", { plugins: { apps: { misp: {} } } }, "plugins.apps.misp.zmq.port"],
  ["plugins.apps.misp.zmq.port", { plugins: { apps: { misp: {} } } }, "plugins.apps.misp.zmq.port"],
  ["plugins.apps.misp.zmq.port", {}, "plugins.apps.misp.zmq.port"],
  ["plugins.misp.zmq.port", {}, "plugins.misp.zmq.port"],
  // A section that is there twice is told as that; neither of the two is changed behind its author's back.
  ["plugins.apps.misp.zmq.port", { plugins: { misp: {}, apps: { misp: {} } } }, "plugins.apps.misp.zmq.port"],
  ["plugins.misp.zmq.port", { plugins: { misp: {}, apps: { misp: {} } } }, "plugins.misp.zmq.port"],
  // `zmq` here is the section of the app protocol, not MISP's publisher.
  ["plugins.zmq.pub", { plugins: { apps: { zmq: {} }, misp: {} } }, "plugins.apps.zmq.pub"],
  ["logging.console", { plugins: { misp: {} } }, "logging.console"],
])("%s in a file with %j goes to %s", (path, raw, expected) => {
  const override = { variable: "V", path: path.split("."), value: 1, text: "1" };
  expect(toLayoutOf(raw, override).path.join(".")).toBe(expected);
});
