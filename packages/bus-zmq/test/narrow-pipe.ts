/** What a socket sends that has room for so many messages; `room` may change. */
export function createNarrowPipe(room: number) {
  const pipe = { room, tries: 0, sent: [] as string[] };
  return {
    pipe,
    async send(text: string): Promise<boolean> {
      pipe.tries += 1;
      if (pipe.room <= 0) return false;
      pipe.room -= 1;
      pipe.sent.push(text);
      return true;
    },
    /** Of the objects that were sent, as their makers in objects.ts number them. */
    ids: () => pipe.sent.map((text) => Number(/(\d+)"/.exec(text.slice(text.indexOf("8000-")))?.[1])),
  };
}
