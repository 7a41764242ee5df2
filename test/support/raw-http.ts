/**
 * HTTP by hand on a TCP connection: pipelined, slow, cut off or malformed requests that no HTTP client would send.
 * Answers are parsed just far enough to be told apart.
 */

import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { TestServer } from './server.ts';

export interface RawResponse {
  readonly status: number;
  /** Names in lower case; a repeated header is joined with ", ". */
  readonly headers: Record<string, string>;
  readonly body: Buffer;
  readonly text: string;
}

type Attempt = () => boolean;

export class RawHttp {
  readonly socket: Socket;
  /** Resolves when the connection is gone, whoever ended it and however. */
  readonly closed: Promise<void>;
  #buffer: Buffer = Buffer.alloc(0);
  #ended = false;
  #pending: Attempt | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      this.#settle();
    });
    this.closed = new Promise((resolve) => {
      // A reset is one way for a connection to end; the close event that follows tells it.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.#ended = true;
        this.#settle();
        resolve();
      });
    });
  }

  static connect(server: Pick<TestServer, 'host' | 'port'>): Promise<RawHttp> {
    return new Promise((resolve, reject) => {
      const socket = connect(server.port, server.host);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new RawHttp(socket));
      });
    });
  }

  /** Resolves when the bytes were handed to the kernel. */
  write(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Writes one byte at a time, each a packet of its own as far as the kernel lets us. */
  async trickle(bytes: string | Uint8Array): Promise<void> {
    for (const byte of Buffer.from(bytes)) await this.write(Buffer.of(byte));
  }

  /** The next answer on this connection. `head` for answers that have no body whatever their headers say. */
  response(options: { head?: boolean } = {}): Promise<RawResponse> {
    return this.#wait((buffer, ended) => parseResponse(buffer, ended, options.head ?? false));
  }

  /** Bytes received and not taken by `response`. */
  get unread(): Buffer {
    return this.#buffer;
  }

  /** Says that no more is coming, and keeps reading. */
  end(): void {
    this.socket.end();
  }

  destroy(): Promise<void> {
    this.socket.destroy();
    return this.closed;
  }

  #wait(parse: (buffer: Buffer, ended: boolean) => Parsed | undefined): Promise<RawResponse> {
    return new Promise((resolve, reject) => {
      this.#pending = () => {
        const parsed = parse(this.#buffer, this.#ended);
        if (parsed !== undefined) {
          this.#buffer = this.#buffer.subarray(parsed.length);
          resolve(parsed.response);
        } else if (this.#ended) {
          reject(new Error(`connection closed before an answer; received ${this.#buffer.length} bytes`));
        }
        return parsed !== undefined || this.#ended;
      };
      this.#settle();
    });
  }

  #settle(): void {
    if (this.#pending?.()) this.#pending = undefined;
  }
}

interface Parsed {
  readonly response: RawResponse;
  readonly length: number;
}

function parseResponse(buffer: Buffer, ended: boolean, head: boolean): Parsed | undefined {
  const headerEnd = buffer.indexOf('\r\n\r\n');
  if (headerEnd < 0) return undefined;
  const [statusLine = '', ...lines] = buffer.subarray(0, headerEnd).toString('latin1').split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  const headers = headersOf(lines);
  const start = headerEnd + 4;
  const body = bodyOf(buffer.subarray(start), status, headers, ended, head);
  if (body === undefined) return undefined;
  return {
    response: { status, headers, body: body.bytes, text: body.bytes.toString('utf8') },
    length: start + body.length,
  };
}

function headersOf(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return headers;
}

interface Body {
  readonly bytes: Buffer;
  readonly length: number;
}

function bodyOf(
  rest: Buffer,
  status: number,
  headers: Record<string, string>,
  ended: boolean,
  head: boolean,
): Body | undefined {
  if (head || status < 200 || status === 204 || status === 304) return { bytes: Buffer.alloc(0), length: 0 };
  if (headers['transfer-encoding'] === 'chunked') return chunkedBody(rest);
  const declared = headers['content-length'];
  if (declared === undefined) return ended ? { bytes: rest, length: rest.length } : undefined;
  const length = Number(declared);
  return rest.length < length ? undefined : { bytes: rest.subarray(0, length), length };
}

function chunkedBody(rest: Buffer): Body | undefined {
  const chunks: Buffer[] = [];
  let at = 0;
  while (true) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(rest.subarray(at, lineEnd).toString('latin1'), 16);
    const start = lineEnd + 2;
    if (rest.length < start + size + 2) return undefined;
    chunks.push(rest.subarray(start, start + size));
    at = start + size + 2;
    if (size === 0) return { bytes: Buffer.concat(chunks), length: at };
  }
}
