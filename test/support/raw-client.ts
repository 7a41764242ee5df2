/**
 * A WebSocket client that knows frames and nothing else: no reconnects, no pings of its own, no interpretation.
 * What the server sent is kept, in order, until a test takes it.
 */
import { WebSocket } from 'ws';
import type { TestServer, WsUrlOptions } from './server.ts';

/** One text frame from the server; `raw` is its exact text. */
export interface Frame {
  readonly event: string;
  readonly channel?: string;
  readonly data?: unknown;
  readonly user_id?: string;
  readonly raw: string;
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

export interface OpenOptions {
  readonly headers?: Record<string, string>;
  /** False accepts a certificate of the test's own making. */
  readonly rejectUnauthorized?: boolean;
  readonly subprotocols?: string[];
}

export interface ConnectOptions extends OpenOptions, WsUrlOptions {}

export interface SubscribeFields {
  readonly auth?: string;
  readonly channel_data?: string;
}

type Match = string | ((frame: Frame) => boolean);

interface Waiter {
  readonly take: (frames: Frame[]) => boolean;
  readonly reject: (error: Error) => void;
}

export class RawClient {
  /** The bare socket, for what a test must do below the frames (pause, destroy). */
  readonly socket: WebSocket;
  readonly closed: Promise<Closed>;
  /** Payloads of the control pongs received. */
  readonly controlPongs: string[] = [];
  readonly #frames: Frame[] = [];
  readonly #waiters: Waiter[] = [];
  #end: Closed | undefined;
  #socketId = '';

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data, isBinary) => this.#receive(data.toString(), isBinary));
    socket.on('pong', (data) => this.controlPongs.push(data.toString()));
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.#end = { code, reason: reason.toString() };
        for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#endedError());
        resolve(this.#end);
      });
    });
  }

  /** Resolves when the upgrade is answered with 101; rejects when it is not. */
  static async open(url: string, options: OpenOptions = {}): Promise<RawClient> {
    const socket = new WebSocket(url, options.subprotocols ?? [], {
      headers: options.headers ?? {},
      rejectUnauthorized: options.rejectUnauthorized ?? true,
      perMessageDeflate: false,
    });
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      // Stays attached: a connection cut in the middle of a frame is told by `closed`, not by a throw.
      socket.on('error', reject);
    });
    return client;
  }

  /** Opens a socket of the server's app and takes the `connection_established` frame. */
  static async connect(server: TestServer, options: ConnectOptions = {}): Promise<RawClient> {
    const client = await RawClient.open(server.wsUrl(options), options);
    const established = await client.expectNext();
    if (established.event !== 'pusher:connection_established') {
      throw new Error(`expected connection_established, got ${established.raw}`);
    }
    client.#socketId = String(dataOf(established)['socket_id']);
    return client;
  }

  /** The id the server gave; empty unless made by `connect`. */
  get socketId(): string {
    return this.#socketId;
  }

  /** The subprotocol the server chose; empty for none. */
  get subprotocol(): string {
    return this.socket.protocol;
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  sendText(text: string): void {
    this.socket.send(text);
  }

  sendBinary(bytes: Uint8Array): void {
    this.socket.send(bytes, { binary: true });
  }

  /** The first frame that matches, received already or later. Frames before it stay for whoever asks next. */
  next(match: Match): Promise<Frame> {
    const matches = typeof match === 'string' ? (frame: Frame) => frame.event === match : match;
    return this.#wait((frames) => {
      const index = frames.findIndex(matches);
      return index < 0 ? undefined : frames.splice(index, 1)[0];
    });
  }

  /** The next frame whatever it is: strict order. */
  expectNext(): Promise<Frame> {
    return this.#wait((frames) => frames.shift());
  }

  /** The next `count` frames, whatever they are. */
  async expectSome(count: number): Promise<Frame[]> {
    const frames: Frame[] = [];
    while (frames.length < count) frames.push(await this.expectNext());
    return frames;
  }

  /**
   * Sends `pusher:ping` and takes everything received before its answer. The server answers in order, so a frame
   * that is not here does not answer anything this socket sent before. What other sockets and requests cause may be on
   * its way between nodes: that is waited for.
   */
  barrier(): Promise<Frame[]> {
    this.send({ event: 'pusher:ping', data: {} });
    return this.#wait((frames) => {
      const index = frames.findIndex((frame) => frame.event === 'pusher:pong');
      return index < 0 ? undefined : frames.splice(0, index + 1).slice(0, -1);
    });
  }

  /** Everything received and not taken yet. Complete only when the socket is closed. */
  takeAll(): Frame[] {
    return this.#frames.splice(0);
  }

  /** Subscribes and waits for the success frame of that channel; rejects on its error frame. */
  async subscribe(channel: string, fields: SubscribeFields = {}): Promise<Frame> {
    this.send({ event: 'pusher:subscribe', data: { channel, ...fields } });
    const answer = await this.next(
      (frame) =>
        frame.channel === channel &&
        (frame.event === 'pusher_internal:subscription_succeeded' ||
          frame.event === 'pusher:subscription_error'),
    );
    if (answer.event === 'pusher:subscription_error') throw new Error(`subscription refused: ${answer.raw}`);
    return answer;
  }

  /** Sends a control ping and resolves with the payload of the control pong that answers it. */
  controlPing(payload: string): Promise<string> {
    return new Promise((resolve) => {
      this.socket.once('pong', (data) => resolve(data.toString()));
      this.socket.ping(payload);
    });
  }

  /** Closes in the ordinary way and resolves when the server answered. */
  close(): Promise<Closed> {
    this.socket.close(1000);
    return this.closed;
  }

  /** Cuts the TCP connection without a close frame. */
  destroy(): Promise<Closed> {
    this.socket.terminate();
    return this.closed;
  }

  #receive(text: string, isBinary: boolean): void {
    this.#frames.push(isBinary ? { event: '(binary frame)', raw: text } : { ...JSON.parse(text), raw: text });
    // Whoever asked first chooses first; one who finds nothing does not hold up the others.
    for (const waiter of [...this.#waiters]) {
      if (waiter.take(this.#frames)) this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
    }
  }

  #wait<T>(take: (frames: Frame[]) => T | undefined): Promise<T> {
    const ready = take(this.#frames);
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#end !== undefined) return Promise.reject(this.#endedError());
    return new Promise((resolve, reject) => {
      this.#waiters.push({
        take: (frames) => {
          const taken = take(frames);
          if (taken !== undefined) resolve(taken);
          return taken !== undefined;
        },
        reject,
      });
    });
  }

  #endedError(): Error {
    const left = this.#frames.map((frame) => frame.raw).join(' ');
    return new Error(
      `socket closed ${this.#end?.code} "${this.#end?.reason}"; frames left: ${left || 'none'}`,
    );
  }
}

/** The JSON inside a frame's `data` string. */
export function dataOf(frame: Frame): Record<string, unknown> {
  if (typeof frame.data !== 'string') throw new Error(`data is not a string in ${frame.raw}`);
  return JSON.parse(frame.data);
}
