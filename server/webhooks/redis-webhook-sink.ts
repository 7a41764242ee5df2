/**
 * Reports events that no presence script decides to the shared queue. While Redis is away they wait here, bounded, and
 * go in their order when it is back.
 */
import type { WebhookEvent, WebhookKind } from '../../protocol/index.ts';
import type { Clock } from '../lib/clock.ts';
import { Fifo } from '../lib/fifo.ts';
import type { Ids } from '../lib/ids.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import { Unavailable } from '../lib/unavailable.ts';
import { type RedisKeys, shardOf } from '../redis/keys.ts';
import type { Script, ScriptArgument } from '../redis/scripts.ts';
import { type WebhookLuaSettings, webhookArgs, webhookKeys } from '../redis/webhook-lua.ts';
import type { EndpointDirectory } from './endpoint-directory.ts';
import type { QueuedEvent } from './queued-event.ts';
import type { SharedSink } from './shared-webhook-queue.ts';
import { replayFields, storedJson } from './stored-event.ts';
import type { WebhookEndpoint } from './webhook-endpoint.ts';
import type { WebhookRedis } from './webhook-redis.ts';
import type { WebhookScripts } from './webhook-scripts.ts';

export interface RedisSinkSettings extends WebhookLuaSettings {
  /** Characters of events that wait for Redis at most; `queueLimit` is their number. */
  readonly queueBytes: number;
}

export interface RedisSinkPorts {
  readonly redis: WebhookRedis;
  readonly keys: RedisKeys;
  readonly scripts: WebhookScripts;
  readonly endpoints: EndpointDirectory;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly log: OccasionalLog;
}

/** One run of a script; the same at each try, so that an event that got there twice has one id. */
interface Append {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly ScriptArgument[];
  readonly size: number;
  /** Counts up: the order in which events were added. */
  readonly turn: number;
}

interface Waiting extends Append {
  resolve(): void;
  reject(error: unknown): void;
}

/** Milliseconds until Redis is tried again. */
const RETRY_MS = 250;

export class RedisWebhookSink implements SharedSink {
  readonly #settings: RedisSinkSettings;
  readonly #ports: RedisSinkPorts;
  readonly #waiting = new Fifo<Waiting>();
  #bytes = 0;
  #turn = 0;
  /** Runs whose end is not known yet, those of what waits left out. */
  #underWay = 0;
  #closed = false;

  constructor(settings: RedisSinkSettings, ports: RedisSinkPorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  wants(appId: string, kind: WebhookKind): boolean {
    return this.#ports.endpoints.wants(appId, kind);
  }

  /** Pending while Redis is away; rejects when there is no room to wait, and when Redis refuses. */
  add(appId: string, event: WebhookEvent): Promise<void> {
    const { name, channel } = event;
    const user = 'userId' in event && name !== 'client_event' ? event.userId : '';
    const args = [appId, name, channel, user, storedJson(event)];
    return this.#append(this.#ports.scripts.add, shardOf(appId, channel), args);
  }

  async replay(endpoint: WebhookEndpoint, events: readonly QueuedEvent[]): Promise<void> {
    const { scripts } = this.#ports;
    for (const event of events) {
      const fields = replayFields(endpoint, event);
      await this.#append(scripts.replay, shardOf(endpoint.appId, event.channel), fields);
    }
  }

  /** Gives up what waits for Redis; returns how many events. */
  close(): number {
    this.#closed = true;
    const left = this.#waiting.length;
    const error = new Unavailable('The node stopped while Redis was away', 'no');
    for (let one = this.#waiting.shift(); one !== undefined; one = this.#waiting.shift()) one.reject(error);
    return left;
  }

  #append(script: Script, shard: number, fields: readonly string[]): Promise<void> {
    const { keys, ids } = this.#ports;
    this.#turn += 1;
    const append: Append = {
      script,
      keys: webhookKeys(keys, shard),
      args: [...webhookArgs(keys, shard, this.#settings, ids.uniqueId()), ...fields],
      size: fields.reduce((size, field) => size + field.length, 0),
      turn: this.#turn,
    };
    // Who comes later doesn't overtake those that wait.
    return this.#waiting.length > 0 ? this.#wait(append) : this.#run(append);
  }

  #run(append: Append): Promise<void> {
    this.#underWay += 1;
    return this.#ports.redis.run(append.script, append.keys, append.args).then(
      () => {
        this.#underWay -= 1;
      },
      (error: unknown) => {
        this.#underWay -= 1;
        if (error instanceof Unavailable) return this.#wait(append);
        throw error;
      },
    );
  }

  #wait(append: Append): Promise<void> {
    const { queueLimit, queueBytes } = this.#settings;
    if (this.#closed || this.#waiting.length >= queueLimit || this.#bytes + append.size > queueBytes) {
      this.#ports.log.warn(
        '',
        { waiting: this.#waiting.length },
        'webhook lost: Redis is away, no room to wait',
      );
      return Promise.reject(
        new Unavailable('Redis is away, and too many webhook events wait for it', 'unknown'),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.insert({ ...append, resolve, reject }, ({ turn }) => turn > append.turn);
      this.#bytes += append.size;
      if (this.#waiting.length === 1) this.#tryLater();
    });
  }

  #tryLater(): void {
    this.#ports.clock.after(RETRY_MS, () => void this.#retry());
  }

  /**
   * Sends what waits, one after the other; stops where Redis is away again. Begins when nothing is under way any more:
   * what fails yet was added before all that waits.
   */
  async #retry(): Promise<void> {
    if (this.#underWay > 0) {
      this.#tryLater();
      return;
    }
    for (let first = this.#waiting.first; first !== undefined; first = this.#waiting.first) {
      try {
        await this.#ports.redis.run(first.script, first.keys, first.args);
        first.resolve();
      } catch (error) {
        if (this.#closed) return;
        if (error instanceof Unavailable) {
          this.#tryLater();
          return;
        }
        first.reject(error);
      }
      if (this.#waiting.first === first) this.#waiting.shift();
      this.#bytes -= first.size;
    }
  }
}
