/** Client-side WebSocket frames (RFC 6455), built once and sent as often as needed. */

const FIN = 0x80;
const MASKED = 0x80;
const OPCODE_TEXT = 0x1;
const OPCODE_CLOSE = 0x8;
const OPCODE_PONG = 0xa;

/**
 * One key for all frames. The RFC wants a fresh one each, for the sake of proxies; the server's work is the same, since
 * it unmasks whatever the key is, and frames can be made before the measured phase.
 */
const MASK = Buffer.from([0x5a, 0xc3, 0x3c, 0xa5]);

export function textFrame(text: string): Buffer {
  return frame(OPCODE_TEXT, Buffer.from(text));
}

export function closeFrame(code: number): Buffer {
  return frame(OPCODE_CLOSE, Buffer.from([code >> 8, code & 0xff]));
}

export function pongFrame(payload: Buffer): Buffer {
  return frame(OPCODE_PONG, payload);
}

function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  if (length > 0xffff) throw new Error(`the load client sends at most 65535 bytes, got ${length}`);
  const header = length < 126 ? 2 : 4;
  const bytes = Buffer.alloc(header + 4 + length);
  bytes[0] = FIN | opcode;
  if (header === 2) {
    bytes[1] = MASKED | length;
  } else {
    bytes[1] = MASKED | 126;
    bytes.writeUInt16BE(length, 2);
  }
  MASK.copy(bytes, header);
  for (let i = 0; i < length; i++) {
    bytes[header + 4 + i] = (payload[i] ?? 0) ^ (MASK[i & 3] ?? 0);
  }
  return bytes;
}
