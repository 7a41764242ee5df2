/**
 * Webhooks to a receiver over real HTTP: what one event costs, from its cause (a client event that nobody else hears, or the
 * first subscription to a channel) to the answer of the receiver, batching and signing included.
 */
import { closeCrowd, each, openCrowd, subscribeCrowd } from '../client/crowd.ts';
import { textFrame } from '../client/frames.ts';
import { flooded } from '../client/pace.ts';
import { payload } from '../client/payload.ts';
import { channelAuth } from '../client/signing.ts';
import { Tally } from '../client/tally.ts';
import { eachChannelOnce, numberedClientEvents, WebhookReceiver } from '../client/webhook-receiver.ts';
import type { WsClient } from '../client/ws-client.ts';
import type { Cost } from '../measure.ts';
import { type Bench, cpuFigure, type Figure, rateFigure, type Scenario } from './scenario.ts';

export const webhooks: Scenario = {
  name: 'webhooks',
  summary: 'webhooks of client events and of channels that are entered, as fast as they are taken',
  freshServer: true,
  webhooks: true,
  run,
};

const BYTES = 100;
const SENDERS = 100;
/** Events whose webhooks may be outstanding. */
const WINDOW = 4_000;
const LIMIT_MS = 20_000;

interface Reception {
  readonly receiver: WebhookReceiver;
  /** Counts the events that were expected. */
  readonly received: Tally;
}

async function run(bench: Bench): Promise<Figure[]> {
  const { address, app, webhookPort, smoke } = bench;
  const received = new Tally();
  const receiver = new WebhookReceiver(app, received);
  await receiver.listen(webhookPort);
  try {
    const reception = { receiver, received };
    const tally = new Tally();
    const crowd = { address, appKey: app.key, tally };
    const senders = await openCrowd(crowd, SENDERS);
    const visitors = await openCrowd(crowd, smoke ? 40 : 2_000);
    await each(senders, 'private subscriptions', (client, i) => {
      return client.subscribe(roomOf(i), channelAuth(app, client.socketId, roomOf(i)));
    });
    // The server is fresh: these bring it to its speed.
    if (!smoke) await clientEvents(bench, senders, 50, reception);
    const figures = [
      ...(await clientEvents(bench, senders, smoke ? 2 : 200, reception)),
      ...(await occupied(bench, visitors, reception)),
    ];
    tally.check();
    await closeCrowd([...senders, ...visitors]);
    return figures;
  } finally {
    receiver.close();
  }
}

async function clientEvents(
  { meter }: Bench,
  senders: readonly WsClient[],
  perSender: number,
  { receiver, received }: Reception,
): Promise<Figure[]> {
  const events = Array.from({ length: senders.length * perSender }, (_, n) => {
    const i = n % senders.length;
    const data = payload(0, Math.floor(n / senders.length), BYTES);
    const frame = textFrame(JSON.stringify({ event: 'client-tick', channel: roomOf(i), data }));
    return () => senders[i]?.send(frame);
  });
  receiver.expected = numberedClientEvents();
  const before = received.received;
  const requestsBefore = receiver.requests;
  let sent = 0;
  const cost = await meter.measure(async () => {
    const mayGo = (): boolean => sent - WINDOW < received.received - before;
    await flooded(events.length, LIMIT_MS, mayGo, (i) => {
      events[i]?.();
      sent = i + 1;
    });
    await received.until(before + sent);
  });
  received.finish(before + sent);
  return figuresOf('client event', cost, sent, receiver.requests - requestsBefore);
}

async function occupied(
  { meter }: Bench,
  visitors: readonly WsClient[],
  { receiver, received }: Reception,
): Promise<Figure[]> {
  const channels = visitors.map((_, i) => `webhooks-${i}`);
  receiver.expected = eachChannelOnce('channel_occupied', channels);
  const before = received.received;
  const requestsBefore = receiver.requests;
  const cost = await meter.measure(async () => {
    await subscribeCrowd(visitors, (i) => channels[i] ?? '');
    await received.until(before + channels.length);
  });
  received.finish(before + channels.length);
  return figuresOf('channel occupied', cost, channels.length, receiver.requests - requestsBefore);
}

function figuresOf(label: string, cost: Cost, events: number, requests: number): Figure[] {
  const perCpuSecond = Math.round((events * 1e6) / cost.serverMicros);
  const note = `${perCpuSecond} a CPU second; ${(events / requests).toFixed(1)} a request`;
  return [{ ...cpuFigure(label, 'event', cost, events), note }, rateFigure(label, 'event', cost, events)];
}

function roomOf(i: number): string {
  return `private-hooks-${i}`;
}
