/**
 * A node without sockets whose broker and stores take their time, as remote ones do: each call is answered only when
 * the test says so. Holds the rules to what they promise when something has to be waited for.
 */
import { createHmac } from 'node:crypto';
import { ConfigAppRegistry } from '../../server/apps/config-app-registry.ts';
import type { Broker } from '../../server/broker/broker.ts';
import { MemoryBroker } from '../../server/broker/memory-broker.ts';
import type { ChannelCache } from '../../server/cache/channel-cache.ts';
import { MemoryChannelCache } from '../../server/cache/memory-channel-cache.ts';
import { CacheMisses } from '../../server/channels/cache-misses.ts';
import type { Subscription } from '../../server/channels/channel.ts';
import { ClientEventCommand } from '../../server/channels/client-event.ts';
import type { Connection } from '../../server/channels/connection.ts';
import { Delivery } from '../../server/channels/deliver.ts';
import type { Fanout } from '../../server/channels/fanout.ts';
import { Hub } from '../../server/channels/hub.ts';
import type { LeavePorts } from '../../server/channels/leave.ts';
import { SignInCommand } from '../../server/channels/signin.ts';
import type { Socket } from '../../server/channels/socket.ts';
import { SubscribeCommand } from '../../server/channels/subscribe.ts';
import { UnsubscribeCommand } from '../../server/channels/unsubscribe.ts';
import { configFrom } from '../../server/config/parse.ts';
import type { Logger } from '../../server/lib/logger.ts';
import { randomIds } from '../../server/lib/random-ids.ts';
import { MemoryDepartures } from '../../server/presence/memory-departures.ts';
import { MemoryPresenceStore } from '../../server/presence/memory-presence-store.ts';
import type { PresenceStore } from '../../server/presence/presence-store.ts';
import { AuthorizationDeadlines } from '../../server/socket/authorization-deadlines.ts';
import { Sessions } from '../../server/socket/session.ts';
import { Counters } from '../../server/telemetry/counters.ts';
import type { WebhookSink } from '../../server/webhooks/webhook-queue.ts';
import { FakeClock } from './fake-clock.ts';
import { noWebhooks } from './webhook-sinks.ts';

const APP = { id: '1', key: 'key', secret: 'secret' };

/** Answers calls one by one, when asked to; or fails them. */
export class Gate {
  readonly #waiting: Array<() => void> = [];
  /** While set, calls fail with it instead of being made. */
  failure: Error | undefined;
  /** True: calls are made at once, and only their answers wait. */
  late = false;

  pass<T>(call: () => T | Promise<T>): Promise<T> {
    if (this.late) return this.#answerLater(call());
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        if (this.failure === undefined) resolve(call());
        else reject(this.failure);
      });
    });
  }

  #answerLater<T>(answer: T | Promise<T>): Promise<T> {
    return new Promise((resolve) => this.#waiting.push(() => resolve(answer)));
  }

  /** Lets the oldest call through. */
  async next(): Promise<void> {
    this.#waiting.shift()?.();
    await new Promise(setImmediate);
  }

  /** Lets everything through, and what that leads to. */
  async open(): Promise<void> {
    for (let quiet = 0; quiet < 5; quiet += 1) {
      while (this.#waiting.length > 0) {
        this.#waiting.shift()?.();
        quiet = 0;
        await Promise.resolve();
      }
      await new Promise(setImmediate);
    }
  }
}

/** Answers that were given and are on their way for as long as the test likes. */
export class HeldAnswers {
  #held: Promise<void> | undefined;
  #release: () => void = () => undefined;

  /** From now on answers don't arrive. */
  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  async release(): Promise<void> {
    this.#release();
    await this.#held;
  }

  async pass<T>(answer: T): Promise<T> {
    await this.#held;
    return answer;
  }
}

/** `port` with every method answered through the gate. */
function gated<T extends object>(port: T, gate: Gate, direct: ReadonlySet<string>): T {
  return new Proxy(port, {
    get(target, name) {
      const member = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      if (direct.has(String(name))) return member.bind(target);
      return (...args: unknown[]) => gate.pass(() => member.apply(target, args));
    },
  });
}

/** A socket that keeps what it is sent. */
export class FakeSocket implements Socket {
  readonly sent: string[] = [];
  readonly topics = new Set<string>();
  closed: { code: number; reason: string } | undefined;
  onClosed: (code: number) => void = () => undefined;

  send(frame: string): void {
    this.sent.push(frame);
  }
  subscribe(topic: string): void {
    this.topics.add(topic);
  }
  unsubscribe(topic: string): void {
    this.topics.delete(topic);
  }
  end(code: number, reason: string): void {
    this.closed ??= { code, reason };
    this.onClosed(code);
  }
  events(): string[] {
    return this.sent.map((frame) => (JSON.parse(frame) as { event: string }).event);
  }
}

/** Fan-out by a loop: the reference for what uWebSockets does natively. */
class LoopFanout implements Fanout {
  readonly sockets = new Set<FakeSocket>();
  publish(topic: string, frame: string | Uint8Array, except?: Socket): void {
    const text = typeof frame === 'string' ? frame : Buffer.from(frame).toString('utf8');
    for (const socket of this.sockets) if (socket !== except && socket.topics.has(topic)) socket.send(text);
  }
}

export interface SlowNode {
  readonly hub: Hub;
  readonly presence: PresenceStore;
  readonly gate: Gate;
  readonly broker: Broker;
  /** What the broker's publications come back through, at once. */
  readonly cache: ChannelCache;
  /** What the cache is asked on behalf of subscribers. */
  readonly cacheAnswers: HeldAnswers;
  readonly clock: FakeClock;
  /** What rules are built on, for those that a test adds. */
  readonly ports: LeavePorts & { readonly clock: FakeClock; readonly logger: Logger };
  readonly errors: string[];
  connect(): Client;
}

export interface Client {
  readonly connection: Connection;
  readonly socket: FakeSocket;
  say(event: string, data: object, more?: object): void;
  subscribe(channel: string, channelData?: string): void;
  signIn(userData: string): void;
  leave(): void;
}

/** @param settings of the app, over the defaults */
export function slowNode(webhooks: WebhookSink = noWebhooks, settings: object = {}): SlowNode {
  const gate = new Gate();
  const clock = new FakeClock();
  const errors: string[] = [];
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (_fields, message) => errors.push(message),
    error: (_fields, message) => errors.push(message),
  };
  const registry = new ConfigAppRegistry(configFrom({ apps: [{ ...APP, ...settings }] }).apps);
  const hub = new Hub();
  const counters = new Counters();
  const fanout = new LoopFanout();
  const memoryBroker = new MemoryBroker();
  memoryBroker.start(new Delivery(hub, fanout, counters));
  const presence = new MemoryPresenceStore({ broker: memoryBroker, webhooks: noWebhooks, registry, clock });
  const broker: Broker = gated<Broker>(
    memoryBroker,
    gate,
    new Set(['start', 'unfollow', 'publish', 'publishLocally']),
  );
  const slowPresence: PresenceStore = gated<PresenceStore>(presence, gate, new Set());
  const memoryCache = new MemoryChannelCache({ maxEntries: 10, maxBytes: 1000 }, memoryBroker, clock);
  const cacheAnswers = new HeldAnswers();
  const cache: ChannelCache = gated<ChannelCache>(
    {
      publish: (publication, ttlMs) => memoryCache.publish(publication, ttlMs),
      // Read when asked, however late the answer is.
      get: (appId, channel) => cacheAnswers.pass(memoryCache.get(appId, channel)),
      firstMiss: (appId, channel, forMs) => memoryCache.firstMiss(appId, channel, forMs),
    },
    gate,
    new Set(['firstMiss']),
  );
  const deadlines = new AuthorizationDeadlines(clock);
  const authorized = deadlines.authorized.bind(deadlines);
  const ports = {
    broker,
    presence: slowPresence,
    departures: new MemoryDepartures(100, clock),
    cache,
    misses: new CacheMisses(cache, webhooks, logger),
    webhooks,
    registry,
    clock,
    counters,
    logger,
    authorized,
    grantProblem: () => undefined,
    signInProblem: () => undefined,
    gone: () => undefined,
    withdrawn: new WeakSet<Subscription>(),
  };
  const sessions = new Sessions(
    {
      ...ports,
      hub,
      ids: randomIds(),
      deadlines,
      subscribe: new SubscribeCommand(ports),
      unsubscribe: new UnsubscribeCommand(ports),
      clientEvent: new ClientEventCommand(ports),
      signIn: new SignInCommand(ports),
    },
    { frameBytes: 65_536, badFrames: 100 },
  );
  const app = registry.byId(APP.id);
  if (app === undefined) throw new Error('the app is configured');
  const sign = (text: string): string =>
    `${APP.key}:${createHmac('sha256', APP.secret).update(text).digest('hex')}`;

  return {
    hub,
    presence,
    gate,
    broker,
    cache: memoryCache,
    cacheAnswers,
    clock,
    ports,
    errors,
    connect() {
      const socket = new FakeSocket();
      fanout.sockets.add(socket);
      const connection = sessions.open({ hub: hub.of(app), protocol: 7 }, socket);
      socket.onClosed = (code) => {
        fanout.sockets.delete(socket);
        sessions.closed(connection, code);
      };
      const say = (event: string, data: object, more: object = {}): void =>
        sessions.receive(connection, JSON.stringify({ event, data, ...more }));
      return {
        connection,
        socket,
        say,
        subscribe(channel, channelData) {
          const auth = sign(
            `${connection.id}:${channel}${channelData === undefined ? '' : `:${channelData}`}`,
          );
          say('pusher:subscribe', { channel, auth, channel_data: channelData });
        },
        signIn: (userData) =>
          say('pusher:signin', { auth: sign(`${connection.id}::user::${userData}`), user_data: userData }),
        leave: () => socket.onClosed(1006),
      };
    },
  };
}
