/** Messages over TCP stand behind their length in two bytes: RFC 1035, section 4.2.2. */
export function frame(message: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(message.length + 2);
  framed.writeUInt16BE(message.length, 0);
  message.copy(framed, 2);
  return framed;
}

/**
 * Cuts a stream into messages: each call takes the next bytes and gives the messages that are whole now. Null for a message
 * longer than the limit; nothing that follows can be read then. What is held never exceeds the limit and one piece.
 */
export function createFrameReader(
  maxMessageBytes: number,
): (bytes: Buffer) => readonly Buffer[] | null {
  let held: Buffer = Buffer.alloc(0);
  return (bytes) => {
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    const messages: Buffer[] = [];
    while (held.length >= 2) {
      const length = held.readUInt16BE(0);
      if (length > maxMessageBytes) return null;
      if (held.length < length + 2) break;
      messages.push(held.subarray(2, length + 2));
      held = held.subarray(length + 2);
    }
    return messages;
  };
}
