const space = 0x20;

/**
 * MISP's frame, `<topic> <json>`, at its first space. Without one there is no topic: the whole is body, so that decoding
 * refuses and counts it. The body is a view, not a copy.
 */
export function splitFrame(frame: Buffer): { readonly topic: string; readonly body: Buffer } {
  const end = frame.indexOf(space);
  if (end < 0) return { topic: "", body: frame };
  return { topic: frame.toString("utf8", 0, end), body: frame.subarray(end + 1) };
}
