/** One client's connection: who it is and what it follows. Knows no transport; complete from birth. */
import { type Code, errorBeforeClose, errorFrame } from '../../protocol/index.ts';
import type { RateWindow } from '../lib/rate-window.ts';
import type { Channel, Subscription } from './channel.ts';
import { HeldAnswers } from './held-answers.ts';
import type { AppHub } from './hub.ts';
import type { Socket } from './socket.ts';

/** Who a connection signed in as. */
export interface User {
  readonly id: string;
  /** JSON text of an object; undefined if there is none. */
  readonly userInfo: string | undefined;
}

export class Connection {
  /** The socket id: the connection's name towards applications. */
  readonly id: string;
  /** This node's share of the connection's app. */
  readonly hub: AppHub;
  readonly protocol: number;
  readonly socket: Socket;
  open = true;
  user: User | undefined;
  /** A sign-in under way: the next one waits for it. */
  signingIn: Promise<void> | undefined;
  /** Topics of the users on the watchlist given at sign-in. */
  watching: Set<Channel> | undefined;
  /** Bad frames since the last good one. */
  badFrames = 0;
  clientEvents: RateWindow | undefined;
  /** Undefined while no answer is under way; over memory none ever is. */
  #held: HeldAnswers | undefined;
  /** Nothing, the only one, or many by name: most connections hold one channel, and a Map costs 300 bytes. */
  #subscriptions: Subscription | Map<string, Subscription> | undefined;

  constructor(id: string, hub: AppHub, protocol: number, socket: Socket) {
    this.id = id;
    this.hub = hub;
    this.protocol = protocol;
    this.socket = socket;
  }

  send(frame: string): void {
    this.socket.send(frame);
  }

  /** Sends what answers a frame of the client: after the answers to all that it sent before. */
  answer(frame: string): void {
    if (this.#held?.isFull) this.#release();
    if (this.#held === undefined) this.socket.send(frame);
    else this.#held.frames.push(frame);
  }

  /** The answer to a frame is under way until `done`, which never fails; answers to later ones wait for it. */
  answering(done: Promise<void>): void {
    this.#held ??= new HeldAnswers();
    const held = this.#held;
    held.add(done, () => {
      if (this.#held === held) this.#release();
    });
  }

  /** An error without a code of its own; the connection lives on. */
  sendError(message: string, code: number | null = null): void {
    this.answer(errorFrame(code, message));
  }

  /** Ends the connection with a code from the catalogue. */
  close(code: Code, text: string = code.text): void {
    if (!this.open) return;
    this.#release();
    const farewell = errorBeforeClose(this.protocol, code.code, text);
    if (farewell !== undefined) this.socket.send(farewell);
    this.socket.end(code.code, text);
  }

  #release(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined || !this.open) return;
    for (const frame of held.frames) this.socket.send(frame);
  }

  get subscriptionCount(): number {
    if (this.#subscriptions === undefined) return 0;
    return this.#subscriptions instanceof Map ? this.#subscriptions.size : 1;
  }

  subscription(channel: string): Subscription | undefined {
    const held = this.#subscriptions;
    if (held === undefined) return undefined;
    if (held instanceof Map) return held.get(channel);
    return held.channel.name === channel ? held : undefined;
  }

  addSubscription(subscription: Subscription): void {
    const held = this.#subscriptions;
    if (held === undefined) this.#subscriptions = subscription;
    else if (held instanceof Map) held.set(subscription.channel.name, subscription);
    else {
      this.#subscriptions = new Map([
        [held.channel.name, held],
        [subscription.channel.name, subscription],
      ]);
    }
  }

  deleteSubscription(subscription: Subscription): void {
    const held = this.#subscriptions;
    if (held === subscription) this.#subscriptions = undefined;
    else if (held instanceof Map) held.delete(subscription.channel.name);
  }

  /** A copy, safe to walk while subscriptions end. */
  subscriptions(): Subscription[] {
    const held = this.#subscriptions;
    if (held === undefined) return [];
    return held instanceof Map ? [...held.values()] : [held];
  }
}
