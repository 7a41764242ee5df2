/** Metrics in Prometheus' text format, read from the counters at each scrape. docs/operating.md lists them. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { isChannelName } from '../../protocol/index.ts';
import type { Channel } from '../channels/channel.ts';
import type { AppHub, Hub } from '../channels/hub.ts';
import { type Counters, OTHER_CLOSE, type WebhookCounts } from './counters.ts';
import type { Metrics } from './metrics.ts';
import type { PushMeters } from './push-meters.ts';

/** Webhook events waiting on this node, by app. */
export type QueuedWebhooks = () => Iterable<readonly [appId: string, events: number]>;

/**
 * Milliseconds between samples of the event loop's delay. They are taken from the first scrape on, as collections of
 * garbage are counted: sampling is work that a node nobody scrapes can do without.
 */
const LOOP_SAMPLE_MS = 100;

/** @param push counted by names of its own */
export function prometheusMetrics(
  counters: Counters,
  hub: Hub,
  queued: QueuedWebhooks,
  push: Pick<PushMeters, 'render' | 'values'>,
): Metrics {
  const registry = new Registry();
  const watchProcess = once(() => {
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_SAMPLE_MS });
  });
  addTotals(registry, counters);
  addByCode(registry, counters);
  addByApp(registry, hub);
  addWebhooks(registry, counters, queued);
  return {
    async page() {
      watchProcess();
      const text = withoutNan((await registry.metrics()) + (await push.render()));
      return { contentType: registry.contentType, text };
    },
    async values() {
      watchProcess();
      return [...(await registry.getMetricsAsJSON()), ...(await push.values())];
    },
  };
}

function once(task: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    task();
  };
}

/** Before its first sample the event loop's delay is no number, which the library doesn't spell as the format does. */
export function withoutNan(text: string): string {
  return text.replaceAll(/ Nan$/gm, ' NaN');
}

function addTotals(registry: Registry, counters: Counters): void {
  const total = (name: string, help: string, read: () => number): void => {
    new Counter({
      name: `carillon_${name}`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  total('connections_opened_total', 'Connections accepted', () => counters.connectionsOpened);
  total('frames_received_total', 'WebSocket messages received', () => counters.framesReceived);
  total('received_bytes_total', 'Bytes of WebSocket messages received', () => counters.bytesReceived);
  total('deliveries_total', 'Frames handed to subscribers by publications', () => counters.deliveries);
  total(
    'events_published_total',
    'Events accepted over the HTTP API, per channel',
    () => counters.eventsPublished,
  );
  total('client_events_total', 'Client events accepted', () => counters.clientEvents);
  total('client_events_refused_total', 'Client events refused', () => counters.clientEventsRefused);
  total('slow_readers_total', 'Connections given up because they did not read', () => counters.slowReaders);
  total(
    'webhook_shards_taken_over_total',
    'Shards of webhooks taken over from nodes that let them lapse',
    () => counters.webhookShardsTakenOver,
  );
}

function addByCode(registry: Registry, counters: Counters): void {
  const byCode = (name: string, help: string, label: string, counts: ReadonlyMap<number, number>): void => {
    new Counter({
      name: `carillon_${name}`,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset();
        for (const [code, count] of counts)
          this.inc({ [label]: code === OTHER_CLOSE ? 'other' : String(code) }, count);
      },
    });
  };
  byCode('connections_refused_total', 'Handshakes refused, by close code', 'code', counters.refusals);
  byCode('connections_closed_total', 'Connections closed, by close code', 'code', counters.closes);
  byCode('http_responses_total', 'HTTP answers, by status', 'status', counters.answers);
}

function addByApp(registry: Registry, hub: Hub): void {
  const byApp = (name: string, help: string, read: (app: AppHub) => number): void => {
    new Gauge({
      name: `carillon_${name}`,
      help,
      labelNames: ['app'],
      registers: [registry],
      collect() {
        this.reset();
        for (const appHub of hub.apps()) this.set({ app: appHub.app.id }, read(appHub));
      },
    });
  };
  byApp('connections', 'Open connections on this node', ({ connections }) => connections);
  byApp('channels', 'Channels with subscribers on this node', ({ channels }) =>
    count(channels.values(), occupied),
  );
  byApp('users', 'Signed-in users on this node', ({ users }) => users.size);
}

function addWebhooks(registry: Registry, counters: Counters, queued: QueuedWebhooks): void {
  const byApp = (name: string, help: string, read: (counts: WebhookCounts) => number): void => {
    new Counter({
      name: `carillon_webhook${name}`,
      help,
      labelNames: ['app'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [app, counts] of counters.webhooks) this.inc({ app }, read(counts));
      },
    });
  };
  byApp('s_sent_total', 'Webhook events delivered, once for each endpoint', ({ sent }) => sent);
  byApp('_attempts_failed_total', 'Webhook requests that failed', ({ failedAttempts }) => failedAttempts);
  byApp('_dead_letters_total', 'Webhook events given up', ({ deadLetters }) => deadLetters);
  new Gauge({
    name: 'carillon_webhooks_queued',
    help: 'Webhook events waiting for their receivers',
    labelNames: ['app'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [app, events] of queued()) this.set({ app }, events);
    },
  });
}

/** A channel that clients subscribe to, and no internal topic. */
const occupied = (channel: Channel): boolean => channel.subscriptions > 0 && isChannelName(channel.name);

function count<T>(values: Iterable<T>, matches: (value: T) => boolean): number {
  let matching = 0;
  for (const value of values) if (matches(value)) matching += 1;
  return matching;
}
