/**
 * A WebSocket by hand on a TCP connection: frames that no client library would write (invalid UTF-8, fragments,
 * reserved opcodes, half a frame). Server frames are decoded just far enough to be compared.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { type TestServer, wsTarget } from './server.ts';

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface WireFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

export class RawWebSocket {
  readonly socket: Socket;
  /** Resolves when the TCP connection is gone, however it ended. */
  readonly closed: Promise<void>;
  readonly #frames: WireFrame[] = [];
  #buffer: Buffer = Buffer.alloc(0);
  #upgraded: ((head: string) => void) | undefined;
  #waiter: { resolve: (frame: WireFrame) => void; reject: (error: Error) => void } | undefined;
  #ended = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#receive(chunk));
    this.closed = new Promise((resolve) => {
      // A reset is one way for a connection to end; the close event that follows tells it.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.#ended = true;
        this.#waiter?.reject(new Error('connection closed before the next frame'));
        resolve();
      });
    });
  }

  /** Opens a socket of the server's app and takes the `connection_established` frame. */
  static async connect(server: TestServer): Promise<RawWebSocket> {
    const client = new RawWebSocket(connect(server.port, server.host));
    const head = await client.#upgrade(server);
    if (!head.startsWith('HTTP/1.1 101')) throw new Error(`no upgrade: ${head}`);
    await client.nextFrame();
    return client;
  }

  nextFrame(): Promise<WireFrame> {
    const frame = this.#frames.shift();
    if (frame !== undefined) return Promise.resolve(frame);
    if (this.#ended) return Promise.reject(new Error('connection closed before the next frame'));
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }

  /** The text of the next frame. */
  async nextText(): Promise<string> {
    return (await this.nextFrame()).payload.toString('utf8');
  }

  sendFrame(opcode: number, payload: string | Uint8Array, options: { fin?: boolean } = {}): void {
    this.sendBytes(maskedFrame(opcode, Buffer.from(payload), options.fin ?? true));
  }

  sendBytes(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  destroy(): Promise<void> {
    this.socket.destroy();
    return this.closed;
  }

  #upgrade(server: TestServer): Promise<string> {
    const key = randomBytes(16).toString('base64');
    this.socket.write(
      `GET ${wsTarget(server.app.key)} HTTP/1.1\r\nHost: ${server.host}:${server.port}\r\nUpgrade: websocket\r\n` +
        `Connection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    return new Promise((resolve, reject) => {
      this.#upgraded = resolve;
      void this.closed.then(() => reject(new Error('connection closed during the upgrade')));
    });
  }

  #receive(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    if (this.#upgraded !== undefined) this.#takeHead();
    if (this.#upgraded === undefined) this.#takeFrames();
  }

  #takeHead(): void {
    const end = this.#buffer.indexOf('\r\n\r\n');
    if (end < 0) return;
    this.#upgraded?.(this.#buffer.subarray(0, end).toString('latin1'));
    this.#upgraded = undefined;
    this.#buffer = this.#buffer.subarray(end + 4);
  }

  #takeFrames(): void {
    for (let size = frameSize(this.#buffer); size <= this.#buffer.length; size = frameSize(this.#buffer)) {
      const header = headerSize(this.#buffer);
      const frame = { opcode: (this.#buffer[0] ?? 0) & 15, payload: this.#buffer.subarray(header, size) };
      this.#buffer = this.#buffer.subarray(size);
      this.#frames.push(frame);
    }
    const waiter = this.#waiter;
    const frame = waiter === undefined ? undefined : this.#frames.shift();
    if (waiter === undefined || frame === undefined) return;
    this.#waiter = undefined;
    waiter.resolve(frame);
  }
}

/** A client frame as RFC 6455 section 5.2 lays it out. */
function maskedFrame(opcode: number, payload: Buffer, fin = true): Buffer {
  const mask = randomBytes(4);
  const first = (fin ? 0x80 : 0) | opcode;
  const masked = Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  return Buffer.concat([Buffer.of(first), lengthField(payload.length), mask, masked]);
}

function lengthField(length: number): Buffer {
  if (length < 126) return Buffer.of(0x80 | length);
  if (length < 65_536) return Buffer.of(0x80 | 126, length >> 8, length & 255);
  const field = Buffer.alloc(9);
  field[0] = 0x80 | 127;
  field.writeBigUInt64BE(BigInt(length), 1);
  return field;
}

function headerSize(buffer: Buffer): number {
  const marker = (buffer[1] ?? 0) & 127;
  return marker < 126 ? 2 : marker === 126 ? 4 : 10;
}

/** Bytes of the first frame of the buffer; infinite while its header is incomplete. */
function frameSize(buffer: Buffer): number {
  const header = headerSize(buffer);
  if (buffer.length < Math.max(2, header)) return Number.POSITIVE_INFINITY;
  if (header === 2) return 2 + ((buffer[1] ?? 0) & 127);
  return header + (header === 4 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2)));
}
