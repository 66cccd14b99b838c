import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { installShutdown } from "./shutdown.ts";

function createProcess() {
  const exits: number[] = [];
  return Object.assign(new EventEmitter(), { exits, exit: (code: number) => void exits.push(code) });
}

function install() {
  const target = createProcess();
  const controller = new AbortController();
  const said: string[] = [];
  const dispose = installShutdown({
    controller,
    process: target,
    say: (level, text) => said.push(`${level}: ${text}`),
  });
  return { target, controller, said, dispose, signal: (name: NodeJS.Signals) => target.emit(name, name) };
}

describe("shutdown", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("aborts at the first signal, says so and ends nothing", () => {
    for (const name of ["SIGTERM", "SIGINT"] as const) {
      const { target, controller, said, signal, dispose } = install();
      expect(controller.signal.aborted).toBe(false);
      signal(name);
      expect(controller.signal.aborted).toBe(true);
      expect(String(controller.signal.reason)).toContain(name);
      expect(said).toEqual([`info: ${name}: stopping; a second signal ends at once`]);
      expect(target.exits).toEqual([]);
      dispose();
    }
  });

  it("ends at once at the second signal, whichever it is", () => {
    const { target, said, signal } = install();
    signal("SIGTERM");
    vi.advanceTimersByTime(300);
    signal("SIGINT");
    expect(target.exits).toEqual([130]);
    expect(said.at(-1)).toMatch(/^error: SIGINT again: ending at once/);
    const other = install();
    other.signal("SIGTERM");
    vi.advanceTimersByTime(300);
    other.signal("SIGTERM");
    expect(other.target.exits).toEqual([143]);
  });

  it("takes one Ctrl-C for one signal, though npm sends its own beside the terminal's", () => {
    const { target, said, signal } = install();
    signal("SIGINT");
    vi.advanceTimersByTime(299);
    signal("SIGINT");
    expect(target.exits).toEqual([]);
    expect(said).toHaveLength(1);
    vi.advanceTimersByTime(1);
    signal("SIGINT");
    expect(target.exits).toEqual([130]);
  });

  it("ends within 5 s when finishing takes too long, with a text and a code", () => {
    const { target, said, signal } = install();
    vi.advanceTimersByTime(60_000);
    expect(target.exits).toEqual([]);
    signal("SIGTERM");
    vi.advanceTimersByTime(4_400);
    expect(target.exits).toEqual([]);
    vi.advanceTimersByTime(500);
    expect(target.exits).toEqual([1]);
    expect(said.at(-1)).toMatch(/^error: not finished 4.5 s after the signal/);
  });

  it("leaves no handler when it is taken away, nor a timer unless it was told to stop", () => {
    const { target, dispose } = install();
    dispose();
    expect(target.eventNames()).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("keeps the deadline when it is taken away: a process can linger though all in it is done", () => {
    const { target, signal, dispose } = install();
    signal("SIGTERM");
    dispose();
    expect(target.eventNames()).toEqual([]);
    vi.advanceTimersByTime(4_500);
    expect(target.exits).toEqual([1]);
  });
});
