import { describeUnknownOption } from "@tb/misp-core";
import { ZmqBusError } from "./zmq-bus-error.ts";

/** Node's timers and libzmq's options end here; a longer timer would run out at once. */
const maxNumber = 2 ** 31 - 1;

/** Throws when an option has a name that none has. */
export function checkNames(options: object, names: readonly string[]): void {
  const unknown = describeUnknownOption(options, names);
  if (unknown !== undefined) throw invalid(unknown);
}

/** A whole number from 1 to 2147483647. */
export function checkBound(name: string, value: number): number {
  if (Number.isInteger(value) && value > 0 && value <= maxNumber) return value;
  throw invalid(`${name} is ${value}; expected a whole number from 1 to ${maxNumber}`);
}

export function invalid(message: string): ZmqBusError {
  return new ZmqBusError("invalid_option", message);
}
