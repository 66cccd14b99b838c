import { connect } from "node:net";
import { createInterface } from "node:readline";
import { type ControlAnswer, type ControlRequest, toSocketPath } from "./protocol.ts";

/** How it ended, for a person. `absent`: no program runs with this state folder. */
export type ProgramAnswer =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly absent: boolean; readonly text: string };

/** Asks the program that runs with a state folder, and passes on its progress. */
export async function askProgram(
  statePath: string,
  request: ControlRequest,
  onProgress: (text: string) => void,
): Promise<ProgramAnswer> {
  const socket = connect(toSocketPath(statePath));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isAbsent = code === "ENOENT" || code === "ECONNREFUSED";
    const text = isAbsent
      ? `no program runs with the state folder ${statePath}: start it, or use "threatbus-misp run --once"`
      : `the program cannot be reached: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, absent: isAbsent, text };
  }
  socket.on("error", () => undefined);
  socket.write(`${JSON.stringify(request)}\n`);
  const failed = (text: string): ProgramAnswer => ({ ok: false, absent: false, text });
  try {
    for await (const line of createInterface({ input: socket })) {
      const answer = readAnswer(line);
      if (answer === undefined)
        return failed("the answer cannot be understood: is a program of another version running?");
      if ("progress" in answer) onProgress(answer.progress);
      else return "done" in answer ? { ok: true, text: answer.done } : failed(answer.error);
    }
  } catch {
    // The connection broke: as when it ends.
  } finally {
    socket.destroy();
  }
  return failed("the program ended before it was done; the next start goes on where it was");
}

function readAnswer(line: string): ControlAnswer | undefined {
  try {
    const answer: unknown = JSON.parse(line);
    const isAnswer = typeof answer === "object" && answer !== null;
    return isAnswer && ["progress", "done", "error"].some((key) => key in answer)
      ? (answer as ControlAnswer)
      : undefined;
  } catch {
    return undefined;
  }
}
