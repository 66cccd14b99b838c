/** A line that arrived, or why it could not be read. Lines are counted from 1, empty ones too. */
export type Line =
  | { readonly ok: true; readonly number: number; readonly text: string }
  | {
      readonly ok: false;
      readonly number: number;
      readonly reason: "too_long" | "invalid_utf8";
      readonly detail: string;
    };

/** Cuts bytes into lines. Holds at most `maxBytes` of an unfinished one. */
export interface LineReader {
  /** The lines that these bytes complete, empty ones left out. */
  push(bytes: Uint8Array): readonly Line[];
  /** What was left without a line break. */
  end(): readonly Line[];
}

const smallBytes = 4 * 1024;

/** @param options.maxBytes The longest line that is read, without its line break. Of a longer one nothing is kept. */
export function createLineReader(options: { readonly maxBytes: number }): LineReader {
  const { maxBytes } = options;
  // One buffer that grows, not a list of chunks: a peer that sends byte by byte must not cost an object per byte.
  let buffer = new Uint8Array(smallBytes);
  let length = 0;
  let number = 1;

  const add = (bytes: Uint8Array) => {
    const from = length;
    length += bytes.length;
    if (length > maxBytes) return;
    if (length > buffer.length) {
      const larger = new Uint8Array(Math.max(length, buffer.length * 2));
      larger.set(buffer.subarray(0, from));
      buffer = larger;
    }
    buffer.set(bytes, from);
  };

  const finish = (): readonly Line[] => {
    const line = length > maxBytes ? tooLong(number, length, maxBytes) : decodeLine(number, buffer.subarray(0, length));
    if (buffer.length > smallBytes) buffer = new Uint8Array(smallBytes);
    length = 0;
    number += 1;
    return line === undefined ? [] : [line];
  };

  return {
    push(bytes) {
      const lines: Line[] = [];
      let from = 0;
      for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, from)) {
        add(bytes.subarray(from, at));
        lines.push(...finish());
        from = at + 1;
      }
      add(bytes.subarray(from));
      return lines;
    },
    end: finish,
  };
}

const lineFeed = 0x0a;

function tooLong(number: number, length: number, maxBytes: number): Line {
  const detail = `line ${number} has ${length} bytes; at most ${maxBytes} are read`;
  return { ok: false, number, reason: "too_long", detail };
}

function decodeLine(number: number, bytes: Uint8Array): Line | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes).trim();
    return text === "" ? undefined : { ok: true, number, text };
  } catch {
    return { ok: false, number, reason: "invalid_utf8", detail: `line ${number} is not UTF-8` };
  }
}
