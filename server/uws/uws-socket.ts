/** A WebSocket as the `Socket` that connections use, and as the one thing uWebSockets keeps for us beside it. */
import type { WebSocket } from 'uWebSockets.js';
import { closeReason } from '../../protocol/index.ts';
import type { Connection } from '../channels/connection.ts';
import type { Socket } from '../channels/socket.ts';
import { nativeFrame, nativeText } from './native-text.ts';

/** What a WebSocket carries once it is open: its socket, if it was admitted. */
export interface UserData {
  peer?: UwsSocket;
}

/** uWebSockets has user data on the WebSocket itself: `getUserData` returns that, for the price of a native call. */
export type PeerSocket = WebSocket<UserData> & UserData;

/** What was published and may still wait to be handed on. */
export interface Publications {
  /** Hands it on: before a socket is sent something else, follows another topic or leaves one. */
  settle(): void;
}

export class UwsSocket implements Socket {
  /** The connection this socket belongs to, set right after both are made. */
  connection: Connection | undefined;
  readonly #ws: WebSocket<UserData>;
  readonly #publications: Publications;
  /** False once the socket is freed or given up: uWebSockets throws on every call to a freed one. */
  #open = true;

  constructor(ws: WebSocket<UserData>, publications: Publications) {
    this.#ws = ws;
    this.#publications = publications;
  }

  get open(): boolean {
    return this.#open;
  }

  send(frame: string): void {
    this.#publications.settle();
    if (this.#open) this.#ws.send(nativeText(frame));
  }

  subscribe(topic: string): void {
    this.#publications.settle();
    if (this.#open) this.#ws.subscribe(nativeText(topic));
  }

  unsubscribe(topic: string): void {
    this.#publications.settle();
    if (this.#open) this.#ws.unsubscribe(nativeText(topic));
  }

  /** Publishes to all subscribers of the topic but this one, which must be open and subscribed. */
  publishToOthers(topic: string, frame: string | Uint8Array): void {
    this.#ws.publish(nativeText(topic), nativeFrame(frame));
  }

  end(code: number, reason: string): void {
    this.#publications.settle();
    if (this.#open) this.#ws.end(code, nativeText(closeReason(reason)));
  }

  /** uWebSockets has freed the socket. */
  freed(): void {
    this.#open = false;
  }

  /** Nothing more is sent or received; the socket itself is left to whoever gave it up. */
  giveUp(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const topic of this.#ws.getTopics()) this.#ws.unsubscribe(nativeText(topic));
  }
}
