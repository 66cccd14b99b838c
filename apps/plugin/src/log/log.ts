import { isatty } from "node:tty";
import { type DestinationStream, destination, type Logger, multistream, pino, stdTimeFunctions } from "pino";
import pretty from "pino-pretty";
import { neutralise } from "../neutralise.ts";
import { toPlainFields } from "./log-fields.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** What belongs to a line, by name. Any values: they are made plain, redacted and neutralised here. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A log with one method per level. A line is written when the method returns. */
export type Log = Readonly<Record<LogLevel, (fields: LogFields, message: string) => void>>;

/** The levels as Threat Bus' configuration names them: this one and everything graver. */
export type Verbosity = "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL";

export interface LogOptions {
  /** Lines on standard error. Absent: none. */
  readonly console?: {
    readonly verbosity: Verbosity;
    /** For a person to read, instead of JSON. @default whether standard error is a terminal */
    readonly pretty?: boolean;
  };
  /** JSON lines, appended to a file; its folder is made. Absent: none. */
  readonly file?: { readonly path: string; readonly verbosity: Verbosity };
  /** Takes secrets out of a text. Every text goes through it. */
  readonly redact: (text: string) => string;
}

/** `text`: which file cannot be written, and why. */
export type CreatedLog = { readonly ok: true; readonly log: Log } | { readonly ok: false; readonly text: string };

const levels = { DEBUG: "debug", INFO: "info", WARNING: "warn", ERROR: "error", CRITICAL: "fatal" } as const;

/** What may wait while a destination takes nothing, such as a full disk; what comes then is dropped. */
const maxWaitingBytes = 1024 * 1024;

/**
 * The program's log: JSON lines on standard error, or lines for a person on a terminal, and a file if wanted.
 *
 * All of it is synchronous and in this thread: a line is out before the program can end, whatever ends it. The price: a reader of
 * standard error that stops reading stops the program once the pipe is full.
 */
export function createLog(options: LogOptions): CreatedLog {
  const clean = (text: string) => neutralise(options.redact(text));
  const streams: { level: (typeof levels)[Verbosity]; stream: DestinationStream }[] = [];

  if (options.console !== undefined) {
    const { verbosity, pretty: wanted = isatty(2) } = options.console;
    const stderr = open(2);
    streams.push({ level: levels[verbosity], stream: wanted ? prettyStream(stderr) : stderr });
  }
  if (options.file !== undefined) {
    const { path, verbosity } = options.file;
    try {
      streams.push({ level: levels[verbosity], stream: open(path) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { ok: false, text: clean(`the log file ${path} cannot be written (${reason}); change logging.filename`) };
    }
  }

  const logger = pino(
    {
      level: "debug",
      enabled: streams.length > 0,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    multistream(streams),
  );
  return { ok: true, log: toLog(logger, clean) };
}

/** A descriptor, or a file that is appended to. Throws when the file cannot be opened. */
function open(dest: number | string): DestinationStream {
  const stream = destination({ dest, sync: true, append: true, mkdir: true, mode: 0o640, maxLength: maxWaitingBytes });
  // A full disk or a reader that has gone must not end the program: what it says is not what it is for.
  stream.on("error", () => {});
  return stream;
}

function toLog(logger: Logger, clean: (text: string) => string): Log {
  const write = (level: LogLevel) => (fields: LogFields, message: string) => {
    if (logger.isLevelEnabled(level)) logger[level](toPlainFields(fields, clean), clean(message));
  };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

/** pino-pretty's formatter without the stream around it: nothing can wait between a line and its descriptor. */
function prettyStream(stream: DestinationStream): DestinationStream {
  const format = pretty.prettyFactory({ colorize: isatty(2), singleLine: true, translateTime: "SYS:HH:MM:ss" });
  return { write: (line) => stream.write(format(line)) };
}
