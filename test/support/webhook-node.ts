/** The part of a node that reports and delivers webhooks over Redis, put together without sockets. */
import { ConfigAppRegistry } from '../../server/apps/config-app-registry.ts';
import type { Membership } from '../../server/cluster/membership.ts';
import { type RedisWebhooks, redisWebhooks } from '../../server/compose-redis-webhooks.ts';
import type { Config, WebhookDeliverySettings } from '../../server/config/config.ts';
import { configFrom } from '../../server/config/parse.ts';
import type { LogFields, Logger } from '../../server/lib/logger.ts';
import { OccasionalLog } from '../../server/lib/occasional-log.ts';
import { randomIds } from '../../server/lib/random-ids.ts';
import { systemClock } from '../../server/lib/system-clock.ts';
import { AddressPolicy } from '../../server/outgoing/address-policy.ts';
import { HttpPoster } from '../../server/outgoing/http-poster.ts';
import { NameLookup } from '../../server/outgoing/name-lookup.ts';
import type { PostRequest } from '../../server/outgoing/poster.ts';
import { systemResolve } from '../../server/outgoing/system-resolve.ts';
import type { RedisConnections } from '../../server/redis/redis-connections.ts';
import { Counters } from '../../server/telemetry/counters.ts';
import { EndpointDirectory } from '../../server/webhooks/endpoint-directory.ts';
import { WebhookDelivery } from '../../server/webhooks/webhook-delivery.ts';
import { connectRedis } from './redis-node.ts';
import { silentLogger } from './silent-logger.ts';

export const APP = '1';

/** The complete settings, as they are unless told otherwise. */
export function webhookSettings(settings: object = {}): WebhookDeliverySettings {
  return { ...configFrom({}).webhooks, ...settings };
}

/** Which nodes live, as a test says. */
export class TestMembership {
  #live: string[] = [];
  #listeners: Array<() => void> = [];

  set(...live: string[]): void {
    this.#live = live;
    for (const listener of this.#listeners) listener();
  }

  add(nodeId: string): void {
    if (!this.#live.includes(nodeId)) this.set(...this.#live, nodeId);
  }

  remove(nodeId: string): void {
    this.set(...this.#live.filter((one) => one !== nodeId));
  }

  of(nodeId: string): Membership {
    return {
      nodeId,
      safeUntil: Number.POSITIVE_INFINITY,
      live: () => this.#live,
      onChange: (listener) => this.#listeners.push(listener),
    };
  }
}

/** Short times, so that tests don't take long. */
const SETTINGS = { graceMs: 300, batchMs: 10, retryFirstMs: 100, retryLongestSeconds: 1 };

export interface WebhookNodeOptions {
  readonly redis: string;
  readonly membership: TestMembership;
  /** Endpoints, as the app of a config file has them. */
  readonly webhooks: readonly object[];
  readonly settings?: object;
}

export class WebhookNode {
  readonly id: string;
  readonly webhooks: RedisWebhooks;
  readonly endpoints: EndpointDirectory;
  readonly counters = new Counters();
  /** What went out to receivers, or tried to. */
  readonly posts: PostRequest[] = [];
  /** What it logged as a warning or an error. */
  readonly warnings: readonly string[];
  readonly #connections: RedisConnections;
  readonly #membership: TestMembership;
  readonly #poster: HttpPoster;
  readonly #delivery: WebhookDelivery;

  private constructor(
    id: string,
    connections: RedisConnections,
    options: WebhookNodeOptions,
    warnings: readonly string[],
    logger: Logger,
  ) {
    const { membership, webhooks, settings } = options;
    const config: Config = configFrom({ apps: [{ id: APP, key: 'key', secret: 'secret', webhooks }] });
    const delivery = { ...config.webhooks, ...SETTINGS, ...settings };
    this.warnings = warnings;
    const log = new OccasionalLog(systemClock, logger);
    const [clock, chance, ids] = [systemClock, () => 0, randomIds()];
    const policy = new AddressPolicy({ allowPrivate: true, allowLoopback: true });
    this.id = id;
    this.#connections = connections;
    this.#membership = membership;
    this.endpoints = new EndpointDirectory(config.apps);
    const { counters, endpoints } = this;
    const ports = { endpoints, ids, clock, counters, log, logger };
    this.webhooks = redisWebhooks(delivery, { ...ports, redis: connections, membership: membership.of(id) });
    this.#poster = new HttpPoster({ policy, names: new NameLookup(systemResolve, clock), clock });
    const poster = {
      post: (request: PostRequest) => {
        this.posts.push(request);
        return this.#poster.post(request);
      },
      close: () => this.#poster.close(),
    };
    const { timeoutMs, retrySeconds, retryFirstMs, retryLongestSeconds } = delivery;
    const backoff = { firstMs: retryFirstMs, longestMs: retryLongestSeconds * 1000 };
    const registry = new ConfigAppRegistry(config.apps);
    this.#delivery = new WebhookDelivery(
      { timeoutMs, retryMs: retrySeconds * 1000, backoff },
      { ...ports, ...this.webhooks, poster, registry, chance },
    );
  }

  static async start(id: string, options: WebhookNodeOptions): Promise<WebhookNode> {
    const warnings: string[] = [];
    const warn = (_: LogFields, message: string): void => {
      warnings.push(message);
    };
    const logger: Logger = { ...silentLogger, warn, error: warn };
    const connections = await connectRedis({ url: options.redis }, undefined, logger);
    const node = new WebhookNode(id, connections, options, warnings, logger);
    node.#delivery.start();
    options.membership.add(id);
    return node;
  }

  /** Stops in good order, as a node that is told to. */
  async stop(ms = 5000): Promise<void> {
    this.#membership.remove(this.id);
    await this.#delivery.stop(ms);
    this.#connections.close();
  }

  /** Is gone from one moment to the next, without a word to anybody. */
  vanish(): void {
    this.#connections.close();
    this.#poster.close();
    // Nobody hears of it any more, but this process would go on with its timers.
    this.#delivery.stop(0).catch(() => undefined);
  }
}
