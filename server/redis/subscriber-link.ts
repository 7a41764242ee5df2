/** One connection that receives: subscribes, hears, and notices when the other end is gone. Restores nothing by itself. */
import type { Redis } from 'ioredis';
import type { Clock } from '../lib/clock.ts';
import { isTimeout } from './failures.ts';

/** A connection that hears nothing for so many milliseconds is asked whether it still is one. */
const PING_MS = 2000;

export interface LinkEvents {
  /** The link can subscribe. Nothing is subscribed on it yet. */
  opened(link: SubscriberLink): void;
  /** What was subscribed on the link isn't any more. */
  lost(link: SubscriberLink): void;
  message(channel: string, message: Buffer): void;
  /** Some channel belongs to another node of the Cluster now. */
  moved(): void;
  failed(error: Error): void;
}

export class SubscriberLink {
  readonly #redis: Redis;
  readonly #sharded: boolean;
  readonly #stopPinging: () => void;
  /** The last connection that was given up for not answering. */
  #givenUp: Redis['stream'] | undefined;
  /** The number of the connection that is up; 0 while none is. Confirmations of an earlier one are worth nothing. */
  epoch = 0;
  #connections = 0;
  #catchingUp: Promise<void> | undefined;

  /** @param sharded whether to use sharded pub/sub, as a Cluster needs it */
  constructor(redis: Redis, sharded: boolean, events: LinkEvents, clock: Clock) {
    this.#redis = redis;
    this.#sharded = sharded;
    redis.on('ready', () => {
      this.#connections += 1;
      this.epoch = this.#connections;
      events.opened(this);
    });
    redis.on('close', () => {
      const wasUp = this.epoch !== 0;
      this.epoch = 0;
      if (wasUp) events.lost(this);
    });
    redis.on('error', (error: Error) => events.failed(error));
    redis.on('moved', () => events.moved());
    redis.on(sharded ? 'smessageBuffer' : 'messageBuffer', (channel: Buffer, message: Buffer) => {
      events.message(channel.toString('utf8'), message);
    });
    this.#stopPinging = clock.every(PING_MS, () => this.#ping());
    redis.connect().catch(() => undefined); // Reported as an error event, and tried again.
  }

  /** Subscribes to channels, of one shard where they are sharded. */
  async subscribe(channels: readonly string[]): Promise<void> {
    try {
      await (this.#sharded ? this.#redis.ssubscribe(...channels) : this.#redis.subscribe(...channels));
    } catch (error) {
      // Whether it is subscribed now nobody knows.
      if (isTimeout(error)) this.#reconnect();
      throw error;
    }
  }

  /** A failure is of no interest: with the connection the subscription goes as well. */
  unsubscribe(channels: readonly string[]): void {
    if (this.epoch === 0) return;
    const done = this.#sharded ? this.#redis.sunsubscribe(...channels) : this.#redis.unsubscribe(...channels);
    done.catch(() => undefined);
  }

  /** Done when all that was sent to this link before has been received, or the connection is lost. One question a turn. */
  caughtUp(): Promise<void> {
    this.#catchingUp ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#catchingUp = undefined;
        if (this.epoch === 0) resolve();
        else this.#asked().then(resolve);
      });
    });
    return this.#catchingUp;
  }

  close(): void {
    this.#stopPinging();
    this.epoch = 0;
    this.#redis.disconnect();
  }

  #ping(): void {
    if (this.epoch !== 0) void this.#asked();
  }

  /** Asks the other end whether it is there; its answer comes after all it sent before. */
  async #asked(): Promise<void> {
    const { epoch } = this;
    try {
      await this.#redis.ping();
    } catch (error) {
      if (isTimeout(error) && this.epoch === epoch) this.#reconnect();
    }
  }

  #reconnect(): void {
    const { stream } = this.#redis;
    // All that waited for an answer say so at the same time.
    if (stream === this.#givenUp) return;
    this.#givenUp = stream;
    this.#redis.disconnect(true);
  }
}
