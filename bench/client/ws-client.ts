/**
 * A WebSocket client on a raw socket, for load: it speaks just enough of RFC 6455 and of the Pusher protocol, reads into
 * one buffer shared by all sockets, and turns anything it did not ask for into a failure of the tally. It has no timers:
 * whoever waits for an answer sets the deadline (`within`).
 */
import { createConnection, type Socket } from 'node:net';
import type { Address } from '../app.ts';
import type { ParsedFrame, Receiver } from './delivery-check.ts';
import { closeFrame, pongFrame, textFrame } from './frames.ts';
import type { Tally } from './tally.ts';

/** RFC 6455's own sample key and the answer that belongs to it. */
const HANDSHAKE_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const HANDSHAKE_ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

const TEXT_FINAL = 0x81;
const CLOSE_FINAL = 0x88;
const PING_FINAL = 0x89;
const PONG_FINAL = 0x8a;

/** Reads are synchronous and each is consumed before the next, so all sockets can share the memory. */
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024);
const CLOSE = closeFrame(1000);

interface Waiting {
  readonly resolve: (data: string) => void;
  readonly reject: (error: Error) => void;
}

/** Frames of the server's own accord (member_added and the like) that a scenario wants to see. */
export type OnServerEvent = (frame: ParsedFrame) => void;

export interface WsClientOptions {
  readonly address: Address;
  readonly appKey: string;
  readonly tally: Tally;
  /** The loopback address to connect from; each gives another 28,000 ports. */
  readonly source?: string | undefined;
}

export class WsClient {
  socketId = '';
  /** Where application events go; while undefined, one is a failure. */
  receiver: Receiver | undefined;
  onServerEvent: OnServerEvent | undefined;

  readonly #options: WsClientOptions;
  #socket: Socket | undefined;
  #upgraded = false;
  #carry: Buffer | undefined;
  #closing = false;
  /** What the server owes: one entry for the handshake, a channel's name for a subscription, one for the close. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: WsClientOptions) {
    this.#options = options;
  }

  /** True until either side closed. */
  get open(): boolean {
    return this.#upgraded && !this.#closing && this.#socket?.destroyed === false;
  }

  /** Connects and resolves with the frame `pusher:connection_established`. */
  connect(): Promise<string> {
    const { address, appKey, source } = this.#options;
    const established = this.#answer('handshake');
    const socket = createConnection({
      host: address.host,
      port: address.port,
      ...(source === undefined ? {} : { localAddress: source }),
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (bytes) => {
          this.#read(bytes);
          return true;
        },
      },
    });
    this.#socket = socket;
    socket.on('error', (error) => this.#broken(error));
    socket.on('close', () => this.#closed());
    socket.write(
      `GET /app/${appKey}?protocol=7&client=js&version=8.6.0&flash=false HTTP/1.1\r\n` +
        `Host: ${address.host}:${address.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${HANDSHAKE_KEY}\r\n\r\n`,
    );
    return established;
  }

  /** Subscribes and resolves with the data of `subscription_succeeded`. */
  subscribe(channel: string, auth = '', channelData?: string): Promise<string> {
    return this.subscribeWith(channel, subscribeFrame(channel, auth, channelData));
  }

  /** As `subscribe`, with a frame made beforehand. */
  subscribeWith(channel: string, frame: Buffer): Promise<string> {
    const succeeded = this.#answer(channel);
    this.send(frame);
    return succeeded;
  }

  send(frame: Buffer): void {
    if (this.#socket === undefined) throw new Error('send before connect');
    this.#socket.write(frame);
  }

  /** The closing handshake, started here; resolves when the server has answered and the socket is gone. */
  close(): Promise<string> {
    if (!this.open) return Promise.resolve('');
    this.#closing = true;
    const closed = this.#answer('close');
    this.send(CLOSE);
    return closed;
  }

  /** Stops reading, as a stuck client does; what the server sends piles up. */
  stall(): void {
    this.#socket?.pause();
  }

  /** Drops the connection without a word. */
  destroy(): void {
    this.#closing = true;
    this.#socket?.destroy();
  }

  #answer(key: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(key, { resolve, reject });
    });
  }

  #answered(key: string, data: string): boolean {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return false;
    this.#waiting.delete(key);
    waiting.resolve(data);
    return true;
  }

  /** Any trouble: ends the phase and everything this socket waits for. */
  #broken(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
    this.#options.tally.fail(error);
  }

  #closed(): void {
    if (!this.#closing) this.#broken(new Error(`socket ${this.socketId}: the server closed the connection`));
    this.#answered('close', '');
  }

  #read(bytes: number): void {
    let buffer = readBuffer;
    let end = bytes;
    if (this.#carry !== undefined) {
      buffer = Buffer.concat([this.#carry, readBuffer.subarray(0, bytes)]);
      end = buffer.length;
      this.#carry = undefined;
    }
    const at = this.#upgraded ? 0 : this.#upgrade(buffer, end);
    const rest = at < 0 ? 0 : this.#parse(buffer, at, end);
    if (rest < end) this.#carry = Buffer.from(buffer.subarray(rest, end));
  }

  /** Offset behind the HTTP answer, or -1 while it is incomplete. */
  #upgrade(buffer: Buffer, end: number): number {
    const text = buffer.toString('latin1', 0, end);
    const headerEnd = text.indexOf('\r\n\r\n');
    if (headerEnd < 0) return -1;
    if (!text.startsWith('HTTP/1.1 101') || !text.slice(0, headerEnd).includes(HANDSHAKE_ACCEPT)) {
      this.#broken(new Error(`the upgrade was answered by: ${text.slice(0, 200)}`));
      return end;
    }
    this.#upgraded = true;
    return headerEnd + 4;
  }

  /** Handles whole frames from `at` on; returns where the first incomplete one starts. */
  #parse(buffer: Buffer, at: number, end: number): number {
    let position = at;
    while (position + 2 <= end) {
      const kind = buffer[position] ?? 0;
      let length = buffer[position + 1] ?? 0;
      let start = position + 2;
      if (length >= 126) {
        start += length === 126 ? 2 : 8;
        if (start > end) break;
        length =
          length === 126 ? buffer.readUInt16BE(position + 2) : Number(buffer.readBigUInt64BE(position + 2));
      }
      if (start + length > end) break;
      position = start + length;
      if (kind === TEXT_FINAL) {
        if (this.receiver?.accept(buffer, start, position) !== true)
          this.#text(buffer.toString('utf8', start, position));
      } else {
        this.#control(kind, buffer.subarray(start, position));
      }
    }
    return position;
  }

  #control(kind: number, payload: Buffer): void {
    if (kind === PING_FINAL) this.send(pongFrame(payload));
    else if (kind === CLOSE_FINAL && !this.#closing) {
      const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.#broken(
        new Error(`the server closed socket ${this.socketId}: ${code} ${payload.toString('utf8', 2)}`),
      );
      this.destroy();
    } else if (kind !== CLOSE_FINAL && kind !== PONG_FINAL) {
      this.#broken(new Error(`socket ${this.socketId}: a frame of kind 0x${kind.toString(16)}`));
    }
  }

  #text(text: string): void {
    const frame = JSON.parse(text) as ParsedFrame;
    switch (frame.event) {
      case 'pusher:connection_established': {
        const data = JSON.parse(String(frame.data)) as { readonly socket_id: string };
        this.socketId = data.socket_id;
        this.#expected('handshake', text, text);
        return;
      }
      case 'pusher_internal:subscription_succeeded':
        this.#expected(frame.channel ?? '', String(frame.data), text);
        return;
      case 'pusher_internal:subscription_count':
        // Sent by servers that count subscriptions; part of their cost, and not one of the deliveries checked.
        return;
      default:
        this.#event(text, frame);
    }
  }

  #event(text: string, frame: ParsedFrame): void {
    if (frame.event.startsWith('pusher_internal:') && this.onServerEvent !== undefined)
      this.onServerEvent(frame);
    else if (this.receiver !== undefined && !frame.event.startsWith('pusher'))
      this.receiver.acceptParsed(text, frame);
    else this.#broken(new Error(`socket ${this.socketId} did not expect: ${text.slice(0, 200)}`));
  }

  #expected(key: string, data: string, text: string): void {
    if (!this.#answered(key, data))
      this.#broken(new Error(`socket ${this.socketId} did not ask for: ${text.slice(0, 200)}`));
  }
}

export function subscribeFrame(channel: string, auth = '', channelData?: string): Buffer {
  const data = channelData === undefined ? { auth, channel } : { auth, channel_data: channelData, channel };
  return textFrame(JSON.stringify({ event: 'pusher:subscribe', data }));
}
