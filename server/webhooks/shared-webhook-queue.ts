/**
 * The queue of many nodes. Events are in shards that all nodes share; each shard is delivered by one node at a time,
 * which reads it into the lanes of its own endpoints. See the port, and docs/clustering.md, "Webhooks".
 */
import type { WebhookEvent, WebhookKind } from '../../protocol/index.ts';
import type { Membership } from '../cluster/membership.ts';
import { chosenNode } from '../cluster/rendezvous.ts';
import type { Clock } from '../lib/clock.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { Logger } from '../lib/logger.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import type { Counters } from '../telemetry/counters.ts';
import { type DeadLetters, QUEUE_FULL } from './dead-letters.ts';
import type { EndpointDirectory } from './endpoint-directory.ts';
import { EndpointLanes, type LaneSettings } from './endpoint-lanes.ts';
import type { QueuedEvent } from './queued-event.ts';
import type { Claim, Entry } from './shard-entry.ts';
import type { ShardStore } from './shard-store.ts';
import type { StoredEvent } from './stored-event.ts';
import type { Lane, WebhookEndpoint } from './webhook-endpoint.ts';
import type { WebhookQueue, WebhookSink } from './webhook-queue.ts';
import { WebhookShard } from './webhook-shard.ts';

/** How events get into the shards. */
export interface SharedSink extends WebhookSink {
  replay(endpoint: WebhookEndpoint, events: readonly QueuedEvent[]): Promise<void>;
  /** Takes no more; returns how many events it could not get into the shards. */
  close(): number;
}

export interface SharedQueueSettings extends LaneSettings {
  readonly shards: number;
  /** Milliseconds a request to a receiver may take. */
  readonly timeoutMs: number;
}

export interface SharedQueuePorts {
  readonly sink: SharedSink;
  readonly store: ShardStore;
  readonly membership: Membership;
  readonly endpoints: EndpointDirectory;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: OccasionalLog;
  readonly logger: Logger;
}

/** How often shards that seem to have nothing are looked at. Hints say all; this is for a fault nobody thought of. */
const SCAN_MS = 60_000;
const RETRY_MS = 1000;
/** How long a stop waits for the store at most. */
const RELEASE_MS = 2000;

export class SharedWebhookQueue implements WebhookQueue {
  readonly outlivesNode = true;
  readonly #ports: SharedQueuePorts;
  readonly #lanes: EndpointLanes;
  readonly #shards: readonly WebhookShard[];
  /** Where an event in a lane comes from. */
  readonly #entries = new WeakMap<QueuedEvent, Entry>();
  #stopScanning: () => void = () => undefined;
  #closed = false;

  constructor(settings: SharedQueueSettings, ports: SharedQueuePorts) {
    const { clock } = ports;
    this.#ports = ports;
    this.#lanes = new EndpointLanes(settings, clock, (endpoint, event) => {
      void this.#bury(endpoint.appId, endpoint.name, event);
    });
    const receiver = {
      endpointsOf: (stored: StoredEvent) => this.#endpointsOf(stored),
      deliver: (entry: Entry) => this.#deliver(entry),
      bury: (entry: Entry) => this.#buryAll(entry),
      forget: (claim: Claim) => this.#lanes.discard((event) => this.#entries.get(event)?.claim === claim),
    };
    this.#shards = Array.from(
      { length: settings.shards },
      (_, shard) => new WebhookShard(shard, settings.timeoutMs, { ...ports, receiver }),
    );
  }

  start(wake: (lane: Lane) => void): void {
    const { clock, membership } = this.#ports;
    this.#lanes.start(wake);
    membership.onChange(() => this.#assign());
    this.#assign();
    this.#stopScanning = clock.every(SCAN_MS, () => this.#scan());
  }

  wants(appId: string, kind: WebhookKind): boolean {
    return this.#ports.sink.wants(appId, kind);
  }

  add(appId: string, event: WebhookEvent): Eventual<void> {
    return this.#ports.sink.add(appId, event);
  }

  take(lane: Lane): Promise<readonly QueuedEvent[]> {
    this.#lanes.discardTaken(lane, (event) => this.#entries.get(event)?.claim.lost === true);
    return this.#lanes.take(lane);
  }

  end(endpoint: WebhookEndpoint): void {
    this.#lanes.end(endpoint);
  }

  holds(events: readonly QueuedEvent[]): boolean {
    return events.every((event) => {
      const entry = this.#entries.get(event);
      return entry?.shard.holds(entry) === true;
    });
  }

  ack(lane: Lane): void {
    for (const event of this.#lanes.ack(lane)) this.#had(event, lane.endpoint.name);
  }

  split(lane: Lane): readonly Lane[] {
    return this.#lanes.split(lane);
  }

  replay(endpoint: WebhookEndpoint, events: readonly QueuedEvent[]): Promise<void> {
    return this.#ports.sink.replay(endpoint, events);
  }

  /** Others take over at once where there are any; else what was read is still delivered. */
  close(): void {
    const { membership } = this.#ports;
    const alone = membership.live().every((node) => node === membership.nodeId);
    this.#closed = true;
    this.#stopScanning();
    for (const shard of this.#shards) {
      if (alone) shard.close();
      else shard.assign(false);
    }
    this.#lanes.close();
  }

  async release(): Promise<void> {
    const { sink, clock, log, logger } = this.#ports;
    const unsaved = sink.close();
    if (unsaved > 0) logger.error({ events: unsaved }, 'webhooks lost: Redis was away until the stop');
    const released = Promise.all(this.#shards.map((shard) => shard.release())).catch((error: unknown) =>
      log.warn('', { err: error }, 'webhooks could not be handed over'),
    );
    await Promise.race([released, clock.pause(RELEASE_MS)]);
  }

  queued(endpoint: WebhookEndpoint): number {
    return this.#lanes.queued(endpoint);
  }

  #assign(): void {
    if (this.#closed) return;
    const { membership } = this.#ports;
    const live = membership.live();
    for (const [number, shard] of this.#shards.entries()) {
      shard.assign(chosenNode(`webhooks ${number}`, live) === membership.nodeId);
    }
  }

  #scan(): void {
    const { store, log } = this.#ports;
    for (const [number, shard] of this.#shards.entries()) {
      if (!shard.isIdle) continue;
      store.hasWork(number).then(
        (hasWork) => {
          if (hasWork) shard.wake();
        },
        (error: unknown) => log.warn('', { err: error }, 'webhooks could not be looked for'),
      );
    }
  }

  #endpointsOf({ appId, kind, only, done, event }: StoredEvent): string[] {
    return this.#ports.endpoints
      .of(appId)
      .filter((endpoint) =>
        only === undefined
          ? endpoint.accepts({ name: kind, channel: event.channel })
          : endpoint.name === only,
      )
      .map(({ name }) => name)
      .filter((name) => !done.includes(name));
  }

  #deliver(entry: Entry): void {
    const { appId, event } = entry.stored;
    this.#entries.set(event, entry);
    for (const name of [...entry.pending]) {
      const endpoint = this.#ports.endpoints.find(appId, name);
      if (endpoint !== undefined) this.#lanes.push(endpoint, event);
    }
  }

  #buryAll(entry: Entry): void {
    const { appId, event } = entry.stored;
    this.#entries.set(event, entry);
    for (const name of [...entry.pending]) void this.#bury(appId, name, event);
  }

  #had(event: QueuedEvent, endpoint: string): void {
    const entry = this.#entries.get(event);
    entry?.shard.had(entry, endpoint);
  }

  /** Makes an event a dead letter; it is settled when that can't be lost any more. */
  async #bury(appId: string, endpoint: string, event: QueuedEvent): Promise<void> {
    const { deadLetters, counters, clock, log } = this.#ports;
    log.warn(`${appId} ${endpoint}`, { appId, endpoint }, 'webhook queue full');
    try {
      await deadLetters.add([{ appId, endpoint, event, attempts: 0, reason: QUEUE_FULL }]);
      counters.webhooksOf(appId).deadLetters += 1;
      this.#had(event, endpoint);
    } catch (error) {
      log.warn(`${appId} ${endpoint}`, { err: error, appId, endpoint }, 'dead letter not kept yet');
      clock.after(RETRY_MS, () => {
        if (this.#entries.get(event)?.claim.lost === false) void this.#bury(appId, endpoint, event);
      });
    }
  }
}
