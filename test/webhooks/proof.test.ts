/**
 * Ten thousand transitions beside receivers that fail in every way: each arrives exactly once at each endpoint, as
 * judged by its id, in the order of its channel; and who behaves gets everything while the others take nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quietApp } from '../support/apps.ts';
import { RawClient } from '../support/raw-client.ts';
import { OTHER_APP, startServer, type TestServer } from '../support/server.ts';
import {
  type Answer,
  accept,
  fail,
  type ReceivedEvent,
  WebhookReceiver,
} from '../support/webhook-receiver.ts';

const CLIENTS = 20;
const CHANNELS_EACH = 50;
const STAYS = 5;
const TRANSITIONS = CLIENTS * CHANNELS_EACH * STAYS * 2;

const hang: Answer = () => false;
const cutOff: Answer = (_response, request) => {
  request.socket.destroy();
  return false;
};
const redirect: Answer = (response) => {
  response.writeHead(302, { location: '/elsewhere' }).end();
  return false;
};
const dribble: Answer = (response) => {
  response.writeHead(200, { 'content-length': '1000' });
  const timer = setInterval(() => response.write('.'), 20);
  response.on('close', () => clearInterval(timer));
  return false;
};
/** The worst: it has taken the events, and the sender can't know. */
const breakOff: Answer = (response, request) => {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('half', () => request.socket.destroy());
  return true;
};
const MOODS: readonly Answer[] = [
  cutOff,
  accept,
  hang,
  accept,
  fail,
  accept,
  dribble,
  accept,
  breakOff,
  accept,
  redirect,
  accept,
];

/** Every mood in turn. */
function moody(): Answer {
  let requests = 0;
  return (response, request, received) => {
    const mood = MOODS[requests++ % MOODS.length] ?? accept;
    return mood(response, request, received);
  };
}

/** What a receiver that drops repeats has seen, in order. */
function distinct(receiver: WebhookReceiver): ReceivedEvent[] {
  return [...new Map(receiver.events.map((event) => [event.id, event])).values()];
}

function namesByChannel(events: readonly ReceivedEvent[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { channel, name } of events) found.set(channel, [...(found.get(channel) ?? []), name]);
  return found;
}

function expectEachOnce(receiver: WebhookReceiver): void {
  const seen = namesByChannel(distinct(receiver));
  expect(seen.size).toBe(CLIENTS * CHANNELS_EACH);
  const stays = Array.from({ length: STAYS }, () => ['channel_occupied', 'channel_vacated']).flat();
  for (const names of seen.values()) expect(names).toEqual(stays);
}

describe(`${TRANSITIONS} transitions`, () => {
  let server: TestServer;
  let healthy: WebhookReceiver;
  let hanging: WebhookReceiver;
  let refusing: WebhookReceiver;
  let neighbour: WebhookReceiver;

  beforeAll(async () => {
    [healthy, hanging, refusing, neighbour] = [
      await WebhookReceiver.start(),
      await WebhookReceiver.start(),
      await WebhookReceiver.start(),
      await WebhookReceiver.start(),
    ];
    hanging.answer = hang;
    await refusing.stopListening();
    server = await startServer({
      apps: [
        { ...quietApp(), webhooks: [hanging, refusing, healthy].map(({ url }) => ({ url })) },
        { ...OTHER_APP, webhooks: [{ url: neighbour.url, events: ['channel_occupied'] }] },
      ],
      webhooks: {
        graceMs: 0,
        batchMs: 20,
        timeoutMs: 250,
        retryFirstMs: 2,
        retryLongestSeconds: 1,
        retrySeconds: 3600,
      },
    });
  });

  afterAll(async () => {
    await server.stop();
    for (const receiver of [healthy, hanging, refusing, neighbour]) await receiver.close();
    expect(server.errors).toEqual([]);
  });

  it('reach the receiver that behaves while the others take nothing', async () => {
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => RawClient.connect(server)));
    for (let stay = 0; stay < STAYS; stay += 1) {
      for (const [index, client] of clients.entries()) {
        for (const event of ['pusher:subscribe', 'pusher:unsubscribe']) {
          for (let n = 0; n < CHANNELS_EACH; n += 1)
            client.send({ event, data: { channel: `c-${index}-${n}` } });
        }
      }
    }
    await healthy.when(() => distinct(healthy).length === TRANSITIONS);
    expectEachOnce(healthy);
    expect(hanging.taken).toEqual([]);
    expect(refusing.requests).toEqual([]);
  });

  it('nor are the webhooks of another app held up', async () => {
    const client = await RawClient.connect(server, { key: OTHER_APP.key });
    await client.subscribe('news');
    await neighbour.until(1);
    expect(hanging.taken).toEqual([]);
  });

  it('reach the others once they take some: each once, in order, nothing lost', async () => {
    hanging.answer = moody();
    refusing.answer = moody();
    await refusing.listenAgain();
    while (distinct(hanging).length < TRANSITIONS || distinct(refusing).length < TRANSITIONS) await sleep(50);
    expectEachOnce(hanging);
    expectEachOnce(refusing);
    const ids = (receiver: WebhookReceiver): Set<string> => new Set(receiver.events.map(({ id }) => id));
    expect(ids(hanging)).toEqual(ids(healthy));
    expect(ids(refusing)).toEqual(ids(healthy));
  }, 120_000);
});
