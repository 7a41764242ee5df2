/**
 * Redis as one test sees it: its scripts go by the test's clock, and the test can wait until nothing moves any more.
 */

import { SHARDS } from '../../server/redis/keys.ts';
import type { RedisConnections } from '../../server/redis/redis-connections.ts';
import type { Script, ScriptArgument } from '../../server/redis/scripts.ts';
import type { WebhookScripts } from '../../server/webhooks/webhook-scripts.ts';
import { webhookScripts } from '../../server/webhooks/webhook-scripts.ts';
import type { FakeClock } from './fake-clock.ts';

/** Reads the time from a key of the shard that the script is about. */
const CLOCK = `
local function clock()
  return tonumber(redis.call('GET', string.match(KEYS[1], '^.*}') .. ':test-clock'))
end
`;

/** Turns of the loop in which nothing may be under way. */
const QUIET_TURNS = 5;

export class SettlingRedis {
  readonly scripts: WebhookScripts = webhookScripts(CLOCK);
  readonly keys: RedisConnections['keys'];
  readonly sharded: boolean;
  readonly #connections: RedisConnections;
  readonly #clock: FakeClock;
  readonly #touched = new Set<number>();
  readonly #listeners = new Map<string, () => void>();
  readonly #subscribed: Promise<void>[] = [];
  #underWay = 0;

  constructor(connections: RedisConnections, clock: FakeClock) {
    this.keys = connections.keys;
    this.sharded = connections.sharded;
    this.#connections = connections;
    this.#clock = clock;
  }

  readonly subscriptions = {
    subscribe: (channel: string, listener: () => void): Promise<void> => {
      this.#listeners.set(channel, listener);
      const heard = (): void => this.#listeners.get(channel)?.();
      const subscribed = this.#connections.subscriptions.subscribe(channel, heard);
      this.#subscribed.push(subscribed);
      return subscribed;
    },
    unsubscribe: (channel: string): void => this.#connections.subscriptions.unsubscribe(channel),
    onGap: (listener: (channels: readonly string[]) => void): void =>
      this.#connections.subscriptions.onGap(listener),
  };

  async run(script: Script, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    this.#touched.add(Number(/\{(\d+)\}/.exec(keys[0] ?? '')?.[1]));
    this.#underWay += 1;
    try {
      return await this.#connections.run(script, keys, args);
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Tells Redis what time it is. */
  async setTime(): Promise<void> {
    const now = this.#clock.now();
    const shards = Array.from({ length: SHARDS }, (_, shard) => this.keys.ofShard(shard, 'test-clock'));
    await Promise.all(shards.map((key) => this.#connections.command((client) => client.set(key, now))));
  }

  /** Lets time pass, and everything come to rest. */
  async advance(ms: number): Promise<void> {
    await this.settled();
    if (ms === 0) return;
    this.#clock.advance(ms);
    await this.setTime();
    // Once more, for what looked before Redis knew the time.
    await this.settled();
    await this.settled();
  }

  /** Done when every hint has been heard, and nothing is asked any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#subscribed);
    await this.#quiet();
    for (const shard of this.#touched) {
      const wake = this.keys.wake(shard);
      const listener = this.#listeners.get(wake);
      if (listener === undefined) continue;
      // Its own hint comes after all that were given before, and is one more reason to look.
      const heard = new Promise<void>((resolve) => {
        this.#listeners.set(wake, () => {
          this.#listeners.set(wake, listener);
          listener();
          resolve();
        });
      });
      await this.#connections.publish(wake, '');
      await heard;
    }
    await this.#quiet();
  }

  async #quiet(): Promise<void> {
    for (let turns = 0; turns < QUIET_TURNS; turns += 1) {
      if (this.#underWay > 0) turns = 0;
      await new Promise(setImmediate);
    }
  }
}
