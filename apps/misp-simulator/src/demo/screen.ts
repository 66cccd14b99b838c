import { type BusObject, signs } from "./bus-object.ts";

/** Shows side by side what the analyst does and what arrives on the bus. */
export interface Screen {
  /** The heads of the columns. */
  begin(): void;
  /** The analyst does something. */
  left(text: string): void;
  /** It arrives on the bus. The first one stands beside what the analyst did last. */
  right(object: BusObject): void;
  /** An explanation, in the right column. */
  note(text: string): void;
  /** A line over the whole width. */
  line(text?: string): void;
  /** Ends a line that is still open. */
  end(): void;
}

const width = 46;
const colours = { announce: 32, edit: 33, remove: 31, note: 90, head: 1 };

/**
 * Writes plain lines.
 *
 * @param options.colour ANSI colours: for a terminal only
 */
export function createScreen(write: (text: string) => void, options: { readonly colour: boolean }): Screen {
  let open: string | undefined;
  const paint = (text: string, colour: keyof typeof colours): string =>
    options.colour ? `\u001b[${colours[colour]}m${text}\u001b[0m` : text;

  function end(): void {
    if (open !== undefined) write(`${open.trimEnd()}\n`);
    open = undefined;
  }

  function put(text: string): void {
    write(`${(open ?? "").padEnd(width)}${text}\n`);
    open = undefined;
  }

  function line(text = ""): void {
    end();
    write(`${text}\n`);
  }

  return {
    begin: () => line(`${paint("in MISP, the analyst".padEnd(width), "head")}${paint("on the bus", "head")}`),
    left(text) {
      end();
      open = text;
    },
    right({ update, name, pattern }) {
      put(paint(`${signs[update]} ${update.padEnd(8)} ${cut(name, 15).padEnd(15)} ${cut(pattern, 46)}`, update));
    },
    note: (text) => put(paint(`  ${text}`, "note")),
    line,
    end,
  };
}

/** At most so many characters, with an ellipsis for what is missing. */
export function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
