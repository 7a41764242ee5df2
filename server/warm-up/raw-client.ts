/** A client on a raw socket: sends bytes that were made before, and waits for words in what comes back. */
import { connect, type Socket } from 'node:net';

const TEXT = 0x81;
const CLOSE = 0x88;
const MASKED = 0x80;
/** A length up to here stands in the second byte; else in the two that follow it. */
const SHORT_LENGTH = 125;
const LENGTH_FOLLOWS = 126;
const MASK_OF_ZEROS = [0, 0, 0, 0];
const HOST = 'Host: localhost';

export class RawClient {
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<string>;
  #text = '';

  /** @param path of a Unix socket */
  constructor(path: string) {
    this.#socket = connect({ path });
    this.#socket.setEncoding('latin1');
    // Whoever waits is told by the chunks.
    this.#socket.on('error', () => undefined);
    this.#chunks = this.#socket[Symbol.asyncIterator]() as AsyncIterator<string>;
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /**
   * Waits until `words` have come so often since what was heard last; one caller at a time.
   * @returns all that came up to them
   * @throws Error when the connection ends before
   */
  async heard(words: string, times = 1): Promise<string> {
    let end = 0;
    for (let left = times; left > 0; left -= 1) {
      let at = this.#text.indexOf(words, end);
      while (at === -1) {
        await this.#read();
        at = this.#text.indexOf(words, end);
      }
      end = at + words.length;
    }
    const heard = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    return heard;
  }

  /** Whoever waits hears that the connection has ended. */
  close(): void {
    this.#socket.destroy();
  }

  async #read(): Promise<void> {
    const { done, value } = await this.#chunks.next();
    if (done === true) throw new Error('the connection has ended');
    this.#text += value;
  }
}

/** The request that opens a WebSocket; the key is the example of RFC 6455. */
export function handshake(path: string): Buffer {
  const head = [
    `GET ${path} HTTP/1.1`,
    HOST,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n`);
}

export function post(target: string, body: string): Buffer {
  const head = [
    `POST ${target} HTTP/1.1`,
    HOST,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** A frame with a value as JSON. */
export function textFrame(value: object): Buffer {
  return frame(TEXT, Buffer.from(JSON.stringify(value)));
}

export function closeFrame(code: number): Buffer {
  return frame(CLOSE, Buffer.from([code >> 8, code & 0xff]));
}

/** Masked, as a client's frames must be; the server's work is the same with any mask. */
function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const lengths =
    length <= SHORT_LENGTH ? [MASKED | length] : [MASKED | LENGTH_FOLLOWS, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([opcode, ...lengths, ...MASK_OF_ZEROS]), payload]);
}
