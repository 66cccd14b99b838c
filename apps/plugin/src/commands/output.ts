import { standardOutput } from "../bus/standard-output.ts";
import { neutralise } from "../neutralise.ts";

/** Standard output for a command that shows things: a reader that leaves, such as `head`, ends it without a word. */
export interface Output {
  /** Resolves when it is written, when nobody reads any more, and when the signal aborts. Rejects when it cannot be written. */
  write(text: string): Promise<void>;
  /** Nobody reads any more. */
  isClosed(): boolean;
}

/** @param options.onClosed once, when the reader has left */
export function openOutput(options: { readonly signal?: AbortSignal; readonly onClosed?: () => void } = {}): Output {
  const { signal, onClosed } = options;
  const stream = standardOutput();
  let closed = false;
  const isClosed = (error: Error) =>
    ["EPIPE", "ERR_STREAM_DESTROYED"].includes((error as NodeJS.ErrnoException).code ?? "");
  // What a write says in its callback the stream says here too; unheard, it would end the process.
  stream.on("error", () => undefined);

  return {
    isClosed: () => closed,
    write: (text) =>
      new Promise((resolve, reject) => {
        if (closed || signal?.aborted) return resolve();
        const stop = () => resolve();
        signal?.addEventListener("abort", stop, { once: true });
        stream.write(text, (error) => {
          signal?.removeEventListener("abort", stop);
          if (error == null) return resolve();
          if (!isClosed(error)) return reject(error);
          if (!closed) onClosed?.();
          closed = true;
          resolve();
        });
      }),
  };
}

/** Writes a line about the command itself to standard error; resolves when it is out. */
export function sayOnStandardError(text: string, redact: (text: string) => string): Promise<void> {
  // A reader that has gone must not end the command: standard output decides about that.
  if (!process.stderr.listeners("error").includes(ignore)) process.stderr.on("error", ignore);
  return new Promise((resolve) =>
    process.stderr.write(`threatbus-misp: ${neutralise(redact(text))}\n`, () => resolve()),
  );
}

function ignore(): void {}
