import { expect, it } from "vitest";
import { receiveAll } from "./receive-all.ts";

const again = () => Object.assign(new Error("Operation was not possible or timed out"), { code: "EAGAIN" });

it("goes on after a message that libzmq took back, and ends when the socket is closed", async () => {
  const coming = [Buffer.from("one"), again(), again(), Buffer.from("two")];
  const socket = {
    closed: false,
    async receive(): Promise<Buffer[]> {
      const next = coming.shift();
      if (next === undefined) {
        socket.closed = true;
        throw again();
      }
      if (next instanceof Error) throw next;
      return [next];
    },
  };
  const received: string[] = [];
  await receiveAll(socket as Parameters<typeof receiveAll>[0], (frames) => void received.push(String(frames[0])));
  expect(received).toEqual(["one", "two"]);
});

it("any other error is the caller's", async () => {
  const socket = { closed: false, receive: () => Promise.reject(new Error("broken")) };
  await expect(receiveAll(socket as unknown as Parameters<typeof receiveAll>[0], () => undefined)).rejects.toThrow(
    "broken",
  );
});
