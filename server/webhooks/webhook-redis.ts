/** What the webhooks of a cluster need of a node's connections to Redis. */
import type { Script, ScriptArgument } from '../redis/scripts.ts';

export interface WebhookRedis {
  /** Rejects with `Unavailable` when Redis can't be reached, or doesn't answer in time. */
  run(script: Script, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown>;
  readonly subscriptions: {
    /** Receives a pub/sub channel, over losses of the connection as well. One listener a channel. */
    subscribe(channel: string, listener: () => void): Promise<void>;
    unsubscribe(channel: string): void;
    /** Called with the pub/sub channels that were not received for a while, once they are again. */
    onGap(listener: (channels: readonly string[]) => void): void;
  };
}
