import { describe, expect, it } from "vitest";
import { loadSource, type ModuleLoader } from "./load-optional.ts";

/** An installation with these packages: what each exports, or the error that running it gives. */
function installation(packages: Readonly<Record<string, object>>): ModuleLoader & { readonly loads: string[] } {
  const loads: string[] = [];
  return {
    loads,
    resolve(name) {
      if (name in packages) return `file:///node_modules/${name}/index.js`;
      throw Object.assign(new Error(`Cannot find package '${name}'`), { code: "ERR_MODULE_NOT_FOUND" });
    },
    async load(url) {
      const name = url.replace(/^.*node_modules\/(.*)\/index\.js$/, "$1");
      loads.push(name);
      const exported = packages[name];
      if (exported instanceof Error) throw exported;
      return exported;
    },
  };
}

describe("loading a source", () => {
  const zmq = { createZmqSource: () => {} };
  const kafka = { createKafkaSource: () => {} };

  it("gives the configured one's module, and runs no other", async () => {
    const loader = installation({ "@tb/source-zmq": zmq, "@tb/source-kafka": kafka });
    expect(await loadSource("zmq", loader)).toEqual({ ok: true, module: zmq });
    expect(loader.loads).toEqual(["@tb/source-zmq"]);
    expect(await loadSource("kafka", loader)).toEqual({ ok: true, module: kafka });
  });

  it("says that none is installed, and how to get the configured one", async () => {
    expect(await loadSource("zmq", installation({}))).toEqual({
      ok: false,
      text:
        "no source is installed: neither @tb/source-zmq nor @tb/source-kafka was found, and zmq is configured; " +
        "run: npm install @tb/source-zmq",
    });
    expect(await loadSource("kafka", installation({}))).toMatchObject({
      text: expect.stringMatching(/and kafka is configured; run: npm install @tb\/source-kafka$/),
    });
  });

  it("says that the configured one is missing when another one is there", async () => {
    expect(await loadSource("kafka", installation({ "@tb/source-zmq": zmq }))).toEqual({
      ok: false,
      text: "kafka is configured but @tb/source-kafka is not installed; run: npm install @tb/source-kafka",
    });
    // Whether the other one works does not matter: it is not run.
    const loader = installation({ "@tb/source-kafka": new Error("broken") });
    expect(await loadSource("zmq", loader)).toEqual({
      ok: false,
      text: "zmq is configured but @tb/source-zmq is not installed; run: npm install @tb/source-zmq",
    });
    expect(loader.loads).toEqual([]);
  });

  it("says that it is installed but does not work, with the first line of the reason", async () => {
    const error = new Error("No native build was found for linux\n  attempted: …\n");
    expect(await loadSource("zmq", installation({ "@tb/source-zmq": error }))).toEqual({
      ok: false,
      text:
        "@tb/source-zmq is installed but does not work (No native build was found for linux); " +
        "run: npm install --force @tb/source-zmq",
    });
    // A dependency that is missing gives the code of a package that is missing: which of the two it is, resolving has told.
    const dependency = Object.assign(new Error("Cannot find package 'zeromq'"), { code: "ERR_MODULE_NOT_FOUND" });
    expect(await loadSource("zmq", installation({ "@tb/source-zmq": dependency }))).toMatchObject({
      text: expect.stringContaining("is installed but does not work (Cannot find package 'zeromq')"),
    });
  });

  it("says that it does not work when it cannot even be resolved", async () => {
    const loader: ModuleLoader = {
      resolve: () => {
        throw Object.assign(new Error('No "exports" main defined'), { code: "ERR_PACKAGE_PATH_NOT_EXPORTED" });
      },
      load: () => Promise.reject(new Error("not reached")),
    };
    expect(await loadSource("zmq", loader)).toMatchObject({
      text: expect.stringContaining('is installed but does not work (No "exports" main defined)'),
    });
  });

  it("says that its version does not fit when it cannot make a source", async () => {
    expect(await loadSource("zmq", installation({ "@tb/source-zmq": {} }))).toMatchObject({
      text: expect.stringContaining("does not work (it has no createZmqSource; its version does not fit"),
    });
  });

  it("passes on what a package says of its own missing part", async () => {
    const error = Object.assign(new Error("the native part is not built; install a compiler"), {
      code: "native_missing",
    });
    expect(await loadSource("kafka", installation({ "@tb/source-kafka": error }))).toEqual({
      ok: false,
      text: "@tb/source-kafka is installed but does not work: the native part is not built; install a compiler",
    });
  });
});
