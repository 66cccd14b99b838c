import { type AddressInfo, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A peer that does what it likes with each connection; gone when the test is over. */
export async function openPeer(onConnection: (socket: Socket, index: number) => void) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => undefined));
    onConnection(socket, sockets.length - 1);
  });
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port };
}

/** ZMTP 3.0 (ZeroMQ RFC 23) as a publisher without authentication speaks it: enough to say what libzmq never would. */
export function greet(socket: Socket, onReady: () => void): void {
  sendGreeting(socket);
  const greetingBytes = 64;
  let received = 0;
  let ready = false;
  socket.on("data", (data) => {
    received += data.length;
    if (ready || received < greetingBytes) return;
    ready = true;
    socket.write(command("READY", "\x0bSocket-Type\0\0\0\x03PUB"));
    onReady();
  });
}

/** Version and mechanism. */
export function sendGreeting(socket: Socket): void {
  const greeting = Buffer.alloc(64);
  greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0]);
  greeting.write("NULL", 12);
  socket.write(greeting);
}

export function command(name: string, data: string): Buffer {
  const body = Buffer.from(String.fromCharCode(name.length) + name + data, "latin1");
  return Buffer.concat([Buffer.from([0x04, body.length]), body]);
}

/** A frame of one message. */
export function frame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0, Buffer.byteLength(text)]), Buffer.from(text)]);
}

/** The beginning of a frame that says it has so many bytes. */
export function longFrame(bytes: number, beginning: string): Buffer {
  const head = Buffer.alloc(9);
  head[0] = 0x02;
  head.writeBigUInt64BE(BigInt(bytes), 1);
  return Buffer.concat([head, Buffer.from(beginning)]);
}
