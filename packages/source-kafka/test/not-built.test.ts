import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const run = promisify(execFile);

/** As where nobody compiled it: node-rdkafka is there, and its native part is not. */
const withoutNative = `
  const Module = require("node:module");
  const load = Module._load;
  Module._load = (name, ...rest) => {
    if (name === "node-rdkafka") throw new Error("Could not locate the bindings file. Tried:\\n → /some/where");
    return load(name, ...rest);
  };`;

it("says what to install, per distribution, where its native part was not built", async () => {
  const index = new URL("../src/index.ts", import.meta.url).href;
  const script = `${withoutNative} import(${JSON.stringify(index)}).catch((error) => console.log(JSON.stringify({ code: error.code, message: error.message })))`;
  const { stdout } = await run(process.execPath, ["--import", "tsx", "--conditions=@tb/source", "-e", script]);
  const { code, message } = JSON.parse(stdout);
  expect(code).toBe("native_missing");
  expect(message).toMatch(
    /apt-get install build-essential .*dnf install gcc-c\+\+ .*apk add bash g\+\+ .*npm rebuild node-rdkafka/,
  );
  expect(message).toContain("[Could not locate the bindings file. Tried:]");
  expect(message).not.toContain("\n");
});
