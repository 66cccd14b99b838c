/** Why the simulator did not do what it was asked: MISP has no such row, MISP would refuse, or it is no command at all. */
export type SimulatorErrorCode = "not-found" | "refused" | "invalid-command";

/** A request that the simulator did not carry out. The model is unchanged. */
export class SimulatorError extends Error {
  readonly code: SimulatorErrorCode;

  constructor(code: SimulatorErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.name = "SimulatorError";
    this.code = code;
  }
}
