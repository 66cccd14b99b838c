import { gzipSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { answer, type Handler, key, openApi, openRecorded, startServer } from "./server.ts";

const ask = async (
  handler: Handler,
  options: { readonly maxResponseBytes?: number; readonly now?: () => number } = {},
) => {
  const server = await startServer(handler);
  return openApi({ host: server.url, ...options }).version();
};

const page = "<html><body>Bad Gateway</body></html>";
const html = { "content-type": "text/html" };

describe("what is no JSON", () => {
  it.each([
    ["an HTML page", page, html],
    ["an HTML page that says it is JSON", page, {}],
    ["nothing", "", {}],
    ["text", "OK", { "content-type": "text/plain" }],
    ["a JSON text", '"2.5.1"', {}],
  ])("%s with status 200", async (_, body, headers) => {
    await expect(ask((_, response) => answer(response, 200, body, headers))).rejects.toMatchObject({
      code: "not-json",
      retryable: true,
      status: 200,
      message: expect.stringContaining("is there a proxy or a login page in between?"),
    });
  });

  it("bytes that are no UTF-8", async () => {
    const body = Buffer.from('{"version":"2.5.\xff"}', "latin1");
    await expect(ask((_, response) => response.end(body))).rejects.toMatchObject({ code: "not-json" });
  });

  it.each([
    [401, "unauthorized", false],
    [403, "forbidden", false],
    [404, "not-found", false],
    [413, "refused", false],
    [429, "rate-limited", true],
    [502, "server-error", true],
    [503, "server-error", true],
  ])(
    "an HTML page with status %i is %s, and said to be from something before MISP",
    async (status, code, retryable) => {
      await expect(ask((_, response) => answer(response, status, page, html))).rejects.toMatchObject({
        code,
        retryable,
        status,
        message: expect.stringContaining("not MISP's but of something before it"),
      });
    },
  );
});

describe("an answer that ends too early", () => {
  it("within its JSON, with a length that fits: PHP gave up", async () => {
    await expect(ask((_, response) => answer(response, 200, '{"version": "2.5'))).rejects.toMatchObject({
      code: "truncated",
      retryable: true,
      message: expect.stringContaining("ends or breaks within its 16 bytes"),
    });
  });

  it.each([
    ["a length", { "content-length": "100" }],
    ["chunks", {}],
  ])("the connection breaks, with %s", async (_, headers) => {
    const handler: Handler = (_, response) => {
      response.writeHead(200, { "content-type": "application/json", ...headers });
      response.write('{"version": "2.5.1"}', () => response.destroy());
    };
    await expect(ask(handler)).rejects.toMatchObject({ code: "truncated", retryable: true });
  });

  it("within its compression", async () => {
    const body = gzipSync(JSON.stringify({ version: "2.5.1", x: "y".repeat(5_000) })).subarray(0, 40);
    const handler: Handler = (_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      response.end(body);
    };
    await expect(ask(handler)).rejects.toMatchObject({ code: "truncated" });
  });
});

describe("an answer's size", () => {
  const body = JSON.stringify({ version: "2.5.1" });

  it("of exactly maxResponseBytes is read, one byte more is not", async () => {
    const handler: Handler = (_, response) => answer(response, 200, body);
    expect(await ask(handler, { maxResponseBytes: body.length })).toMatchObject({ version: "2.5.1" });
    await expect(ask(handler, { maxResponseBytes: body.length - 1 })).rejects.toMatchObject({
      code: "too-large",
      retryable: false,
    });
  });

  it("counts after decompression", async () => {
    const bomb = gzipSync(`{"version":"${" ".repeat(10_000_000)}"}`);
    expect(bomb.length).toBeLessThan(20_000);
    const handler: Handler = (_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      response.end(bomb);
    };
    await expect(ask(handler, { maxResponseBytes: 1_000_000 })).rejects.toMatchObject({ code: "too-large" });
  });

  it("without end is given up, and the connection with it", async () => {
    const server = await startServer((_, response) => {
      const more = () => {
        while (response.write(" ".repeat(10_000)));
      };
      response.on("drain", more);
      more();
    });
    await expect(openApi({ host: server.url, maxResponseBytes: 1_000_000 }).version()).rejects.toMatchObject({
      code: "too-large",
    });
    await vi.waitUntil(() => server.connections() === 0);
  });

  it("a byte order mark and space around are no harm", async () => {
    expect(await ask((_, response) => answer(response, 200, `\ufeff\n ${body}\n\n`))).toMatchObject({
      version: "2.5.1",
    });
  });
});

describe("a redirect", () => {
  it.each([301, 302, 303, 307, 308])("with %i is not followed: the key stays here", async (status) => {
    const elsewhere = await startServer((_, response) => answer(response, 200, { version: "2.5.1" }));
    const server = await startServer((_, response) => {
      response
        .writeHead(status, { location: `http://user:secret@127.0.0.1:${elsewhere.port}/to?token=secret#x` })
        .end();
    });
    const error = await openApi({ host: server.url })
      .version()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "redirect", retryable: false, status });
    expect(String(error)).toContain(`a redirect to ${elsewhere.url}/to is not followed`);
    expect(String(error)).not.toContain("secret");
    expect(elsewhere.received).toEqual([]);
  });

  it("to MISP's login page says what takes our headers away", async () => {
    const { api } = await openRecorded("sighting no Accept header");
    await expect(api.version()).rejects.toMatchObject({
      code: "redirect",
      message: expect.stringContaining("that is MISP's login page"),
    });
  });

  it("relative, and to nowhere", async () => {
    const to = (location?: string) =>
      ask((_, response) => response.writeHead(302, location === undefined ? {} : { location }).end());
    await expect(to("/login")).rejects.toThrow(/a redirect to http:\/\/127\.0\.0\.1:\d+\/login is not followed/);
    await expect(to("http://[")).rejects.toThrow("a redirect to nowhere");
  });
});

describe("too many requests", () => {
  const now = () => Date.UTC(2026, 10, 24, 12);
  const limited = (headers: Record<string, string>, status = 429) =>
    ask(
      (_, response) =>
        answer(response, status, { message: "Rate limit exceeded.", name: "Rate limit exceeded." }, headers),
      { now },
    );

  it("until MISP's counter is reset", async () => {
    await expect(limited({ "X-Rate-Limit-Reset": "90" })).rejects.toMatchObject({
      code: "rate-limited",
      retryable: true,
      retryAtMs: now() + 90_000,
      message: expect.stringContaining("until 2026-11-24T12:01:30.000Z: Rate limit exceeded."),
    });
  });

  it("until Retry-After, also with 503", async () => {
    await expect(limited({ "Retry-After": "7" })).rejects.toMatchObject({ retryAtMs: now() + 7_000 });
    await expect(limited({ "Retry-After": "7" }, 503)).rejects.toMatchObject({
      code: "server-error",
      retryAtMs: now() + 7_000,
    });
  });

  it("without a hint there is no moment", async () => {
    const error = await limited({}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "rate-limited" });
    expect(error).not.toHaveProperty("retryAtMs");
  });
});

describe("MISP's words", () => {
  it.each([
    ["Authentication failed. Please make sure you pass the API key", "unauthorized"],
    ["Auth key is expired", "unauthorized"],
    ["It is not possible to use this Auth key from your IP address", "unauthorized"],
    ["You do not have permission to use this functionality.", "forbidden"],
  ])("403 %s: %s", async (message, code) => {
    await expect(
      ask((_, response) => answer(response, 403, { name: message, message, url: "/" })),
    ).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it("are read as text, with what was wrong in detail", async () => {
    const body = {
      saved: false,
      message: "Could not &lt;add&gt; &quot;it&quot;\n",
      errors: { value: ["it&#039;s bad"] },
    };
    await expect(ask((_, response) => answer(response, 400, body))).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining(`status 400: Could not <add> "it" : {"value":["it's bad"]} (refused)`),
    });
  });

  it("are bounded, and hold no line breaks or control characters", async () => {
    const message = `a\u001b[2J\n${"x".repeat(100_000)}`;
    const error = (await ask((_, response) => answer(response, 500, { message })).catch(
      (thrown: unknown) => thrown,
    )) as Error;
    expect(error.message.length).toBeLessThan(700);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(error.message).not.toMatch(/[\u0000-\u001f]/);
  });

  it("that quote the key are shown without it", async () => {
    const error = await ask((_, response) => answer(response, 400, { message: `unknown key ${key}` })).catch(
      (thrown: unknown) => thrown,
    );
    expect(String(error)).toContain("unknown key ***");
  });
});
