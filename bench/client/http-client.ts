/**
 * An HTTP/1.1 client on a raw socket for requests made beforehand: counts the answers, demands status 200, and lets the
 * caller keep as many requests under way as it likes. The connection is kept; from a server that closes it after each
 * answer it is opened anew, which that server then pays for, as it does with its users.
 */
import { createConnection, type Socket } from 'node:net';
import type { Address } from '../app.ts';

const HEADER_END = '\r\n\r\n';
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

export class HttpClient {
  readonly #address: Address;
  readonly #onAnswer: () => void;
  readonly #onFailure: (error: Error) => void;
  #socket: Socket | undefined;
  #carry = '';

  /** `onAnswer` is called once for each answer with status 200; `onFailure` for anything else. */
  constructor(address: Address, onAnswer: () => void, onFailure: (error: Error) => void) {
    this.#address = address;
    this.#onAnswer = onAnswer;
    this.#onFailure = onFailure;
  }

  connect(): Promise<void> {
    const { host, port } = this.#address;
    return new Promise((resolve, reject) => {
      const socket = createConnection({
        host,
        port,
        noDelay: true,
        onread: {
          buffer: readBuffer,
          callback: (bytes) => {
            this.#read(readBuffer.toString('latin1', 0, bytes));
            return true;
          },
        },
      });
      this.#socket = socket;
      socket.once('connect', () => resolve());
      socket.once('error', (error) => {
        reject(error);
        this.#lost(socket, error);
      });
      socket.once('close', () => this.#lost(socket, new Error('the server closed an HTTP connection')));
    });
  }

  /** Writes requests back to back, in one system call when there are several. */
  send(requests: readonly Buffer[]): void {
    const socket = this.#socket;
    if (socket === undefined) throw new Error('send before connect');
    if (requests.length > 1) socket.cork();
    for (const request of requests) socket.write(request);
    if (requests.length > 1) socket.uncork();
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }

  /** A socket that was given up already may end as it likes. */
  #lost(socket: Socket, error: Error): void {
    if (socket === this.#socket) this.#onFailure(error);
  }

  #read(chunk: string): void {
    const text = this.#carry + chunk;
    let at = 0;
    for (;;) {
      const headerEnd = text.indexOf(HEADER_END, at);
      if (headerEnd < 0) break;
      const header = text.slice(at, headerEnd);
      const length = /^content-length: *(\d+)/im.exec(header)?.[1];
      const end = headerEnd + HEADER_END.length + Number(length);
      if (!header.startsWith('HTTP/1.1 200') || length === undefined) {
        this.#onFailure(new Error(`a request was answered by: ${text.slice(at, at + 400)}`));
        return;
      }
      if (end > text.length) break;
      at = end;
      if (/^connection: *close/im.test(header)) {
        this.#renew();
        return;
      }
      this.#onAnswer();
    }
    this.#carry = text.slice(at);
  }

  /** Counts the answer once the next request can be sent. Requests pipelined behind it are lost, and missed. */
  #renew(): void {
    this.close();
    this.#carry = '';
    this.connect().then(this.#onAnswer, this.#onFailure);
  }
}
