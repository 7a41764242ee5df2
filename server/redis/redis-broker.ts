/**
 * The broker of a cluster, over Redis' pub/sub. A node receives what its own clients follow, and nothing else. What it
 * publishes reaches its own sockets when it comes back, so that everybody sees one order. See the port.
 */
import { isSubscriptionCount } from '../../protocol/index.ts';
import type { Broker, BrokerReceiver, Publication } from '../broker/broker.ts';
import { watchedUser } from '../broker/topics.ts';
import type { Clock } from '../lib/clock.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import { Unavailable } from '../lib/unavailable.ts';
import { Arrivals, type UnderWay } from './arrivals.ts';
import {
  decodeMessage,
  decodeTerminate,
  encodeFrame,
  encodeTerminate,
  type RosterChange,
} from './cluster-messages.ts';
import { Echoes } from './echoes.ts';
import type { Topic } from './keys.ts';
import { Lingering } from './lingering.ts';
import type { NodeInbox } from './node-inbox.ts';
import type { RedisConnections } from './redis-connections.ts';

/** Milliseconds a topic is still received after its last follower left. */
const LINGER_MS = 3000;
const MAX_LINGERING = 10_000;
/** Characters and bytes on their way to Redis, unacknowledged. Past it nothing more is taken. */
const MAX_UNACKNOWLEDGED = 67_108_864;
/** Bytes of a frame that are enough to see its kind. */
const KIND_LENGTH = 60;

/** Takes a roster change, and calls `deliver` for the sockets to hear of it, at once or when its turn has come. */
export type RosterListener = (change: RosterChange, deliver: () => void) => void;

export interface RedisBrokerPorts {
  readonly inbox: NodeInbox;
  readonly clock: Clock;
  readonly log: OccasionalLog;
}

export class RedisBroker implements Broker {
  readonly #connections: RedisConnections;
  readonly #inbox: NodeInbox;
  readonly #log: OccasionalLog;
  readonly #lingering: Lingering;
  readonly #echoes: Echoes;
  readonly #arrivals = new Arrivals();
  #receiver: BrokerReceiver | undefined;
  #rosterListener: RosterListener = (_, deliver) => deliver();
  #nodeListener: () => void = () => undefined;
  /** Pub/sub channels on which news came by, for as long as somebody wants to know. */
  #passed: Set<string> | undefined;
  #unacknowledged = 0;

  constructor(connections: RedisConnections, { inbox, clock, log }: RedisBrokerPorts) {
    this.#connections = connections;
    this.#inbox = inbox;
    this.#log = log;
    this.#echoes = new Echoes(clock);
    const over = (channel: string): void => connections.subscriptions.unsubscribe(channel);
    this.#lingering = new Lingering(LINGER_MS, MAX_LINGERING, over, clock);
  }

  async start(receiver: BrokerReceiver): Promise<void> {
    this.#receiver = receiver;
    const { keys, subscriptions } = this.#connections;
    await Promise.all([
      subscriptions.subscribe(keys.control(), (message) => this.#controlled(message)),
      this.#inbox.start(),
    ]);
  }

  /** Notes the topics on which counts or who is online are told. One at a time. */
  lookOut(): { hasPassed(topic: Topic): boolean; end(): void } {
    const passed = new Set<string>();
    this.#passed = passed;
    return {
      hasPassed: ({ appId, topic }) => passed.has(this.#connections.keys.topic(appId, topic)),
      end: () => {
        this.#passed = undefined;
      },
    };
  }

  /** Names who hears that some node has begun, this one included. */
  onNode(listener: () => void): void {
    this.#nodeListener = listener;
  }

  /** Tells all nodes that this one has begun; a node that misses it learns of it a moment later. */
  tellNode(): void {
    this.#connections.publish(this.#connections.keys.control(), '').catch(() => undefined);
  }

  /** Names who hears of roster changes, in the step in which sockets would; without one, sockets do at once. */
  onRoster(listener: RosterListener): void {
    this.#rosterListener = listener;
  }

  /** Called with the topics that were not received for a while, once they are again. */
  onGap(listener: (topics: readonly Topic[]) => void): void {
    const { keys, subscriptions } = this.#connections;
    subscriptions.onGap((channels) => {
      const topics = channels
        .map((channel) => keys.parseTopic(channel))
        .filter((topic) => topic !== undefined);
      if (topics.length > 0) listener(topics);
    });
  }

  publish(publication: Publication): Promise<void> {
    return this.publishBy(publication, (channel, message) => this.#connections.publish(channel, message));
  }

  /** Publishes as part of a greater step: `send` hands message and step to Redis at once. */
  publishBy(
    publication: Publication,
    send: (channel: string, message: string | Buffer) => Promise<unknown>,
  ): Promise<void> {
    const channel = this.#connections.keys.topic(publication.appId, publication.topic);
    const message = encodeFrame(publication, publication.frame());
    // It would reach other nodes, and those here who follow it would never know.
    if (this.#connections.subscriptions.isInterrupted(channel)) {
      return Promise.reject(new Unavailable('The connection that receives from Redis is not back yet', 'no'));
    }
    let underWay: UnderWay | undefined;
    const begin = (): Promise<unknown> => {
      if (this.#connections.subscriptions.follows(channel)) underWay = this.#arrivals.begin(channel, message);
      return send(channel, message);
    };
    return this.#send(message.length, begin, (error) => {
      if (underWay !== undefined) this.#arrivals.end(channel, underWay);
      // The answer may have got lost, but not what was asked for.
      if (error === undefined || underWay?.hasCome === true) return;
      if (error instanceof Unavailable && error.done === 'unknown') this.#echoes.doubt(publication);
      throw error;
    });
  }

  publishLocally(publication: Publication): void {
    const channel = this.#connections.keys.topic(publication.appId, publication.topic);
    this.#echoes.delivered(publication, channel, encodeFrame(publication, publication.frame()));
    this.#receiver?.deliver(publication);
  }

  follow(appId: string, topic: string): Promise<void> {
    const { keys, subscriptions } = this.#connections;
    const channel = keys.topic(appId, topic);
    this.#lingering.cancel(channel);
    return subscriptions.subscribe(channel, (message) => this.#receive(channel, appId, topic, message));
  }

  caughtUp(appId: string, topics: readonly string[]): Promise<void> {
    const { keys, subscriptions } = this.#connections;
    return subscriptions.caughtUp(topics.map((topic) => keys.topic(appId, topic)));
  }

  unfollow(appId: string, topic: string): void {
    this.#lingering.add(this.#connections.keys.topic(appId, topic));
  }

  async terminate(appId: string, userId: string): Promise<void> {
    if (!this.#connections.ready) throw away();
    const control = this.#connections.keys.control();
    await this.#inbox.askAll((asker) =>
      this.#connections.publish(control, encodeTerminate({ asker, appId, userId })),
    );
  }

  stop(): void {
    this.#lingering.stop();
  }

  /**
   * One promise for the whole way, since every publication has it.
   * @param settled called with the failure, if there was one: it fails unless this is content
   */
  #send(
    length: number,
    send: () => Promise<unknown>,
    settled: (error?: unknown) => void = failed,
  ): Promise<void> {
    if (!this.#connections.ready) return Promise.reject(away());
    if (this.#unacknowledged + length > MAX_UNACKNOWLEDGED) {
      return Promise.reject(
        new Unavailable('Redis is too slow for what is published: too much waits for it', 'no'),
      );
    }
    this.#unacknowledged += length;
    return send().then(
      () => {
        this.#unacknowledged -= length;
        settled();
      },
      (error: unknown) => {
        this.#unacknowledged -= length;
        settled(error);
      },
    );
  }

  #receive(channel: string, appId: string, topic: string, message: Buffer): void {
    if (this.#passed !== undefined && isNews(topic, message)) this.#passed.add(channel);
    this.#arrivals.came(channel, message);
    if (this.#echoes.has(channel, message)) return;
    const receiver = this.#receiver;
    const decoded = decodeMessage(appId, topic, message);
    if (decoded === undefined || receiver === undefined) {
      this.#log.warn(appId, { topic, bytes: message.length }, 'message from Redis not understood');
    } else if (decoded.kind === 'frame') receiver.deliver(decoded.publication);
    else this.#rosterListener(decoded.change, () => receiver.deliver(decoded.change.publication));
  }

  #controlled(message: Buffer): void {
    if (message.length === 0) {
      this.#nodeListener();
      return;
    }
    const termination = decodeTerminate(message);
    if (termination === undefined) {
      this.#log.warn('control', { bytes: message.length }, 'message from Redis not understood');
      return;
    }
    this.#receiver?.terminate(termination.appId, termination.userId);
    // After what the connections' ends have to say to Redis.
    setImmediate(() => this.#inbox.answerTo(termination.asker));
  }
}

const away = (): Unavailable => new Unavailable("Redis can't be reached", 'no');

function failed(error?: unknown): void {
  if (error !== undefined) throw error;
}

/** Whether a message says how many subscribe to a channel, or who is online. */
function isNews(topic: string, message: Buffer): boolean {
  if (watchedUser(topic) !== undefined) return true;
  const frame = message.indexOf('\n') + 1;
  return isSubscriptionCount(message.toString('latin1', frame, frame + KIND_LENGTH));
}
