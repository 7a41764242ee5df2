/** When a publication is handed to uWebSockets: at once, or after the handlers of a turn that brings many. */

import type { TemplatedApp, WebSocket } from 'uWebSockets.js';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { UwsFanout } from '../../../../server/uws/uws-fanout.ts';
import { type UserData, UwsSocket } from '../../../../server/uws/uws-socket.ts';

/** What uWebSockets was told, in order. */
const told: string[] = [];
const app = {
  publish: (topic: string, frame: string) => told.push(`${topic} ${frame}`),
} as unknown as TemplatedApp;

let fanout: UwsFanout;

beforeEach(() => {
  told.length = 0;
  fanout = new UwsFanout(app);
});

function openSocket(): UwsSocket {
  const ws = {
    publish: (topic: string, frame: string) => told.push(`others of ${topic} ${frame}`),
    send: (frame: string) => told.push(`send ${frame}`),
    subscribe: (topic: string) => told.push(`subscribe ${topic}`),
    unsubscribe: (topic: string) => told.push(`unsubscribe ${topic}`),
    end: (code: number) => told.push(`end ${code}`),
    getTopics: () => [],
  };
  return new UwsSocket(ws as unknown as WebSocket<UserData>, fanout);
}

const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, n) => `news ${from + n}`);

function publish(count: number, from = 0): void {
  for (let n = from; n < from + count; n += 1) fanout.publish('news', String(n));
}

/** A turn that brings so many that the next ones are expected to be as busy. */
async function busyTurn(): Promise<void> {
  publish(50);
  await endOfTurn();
  told.length = 0;
}

describe('UwsFanout', () => {
  it('hands on at once while a turn has brought fewer than a subscriber has places for', async () => {
    publish(31);
    expect(told).toEqual(numbered(31));
    publish(1, 31);
    expect(told).toHaveLength(31);
    await endOfTurn();
    expect(told).toEqual(numbered(32));
  });

  it('keeps the order of a burst, whatever its length', async () => {
    publish(500);
    await endOfTurn();
    expect(told).toEqual(numbered(500));
  });

  it('lets all publications of a turn wait while turns are busy, and none once they are not', async () => {
    await busyTurn();
    publish(20);
    expect(told).toEqual([]);
    await endOfTurn();
    expect(told).toEqual(numbered(20));
    publish(1, 20);
    expect(told).toHaveLength(20);
    await endOfTurn();
    publish(1, 21);
    expect(told).toEqual(numbered(22));
  });

  it.each([
    ['sent to', (socket: UwsSocket) => socket.send('hello'), 'send hello'],
    ['subscribed', (socket: UwsSocket) => socket.subscribe('other'), 'subscribe other'],
    ['unsubscribed', (socket: UwsSocket) => socket.unsubscribe('news'), 'unsubscribe news'],
    ['closed', (socket: UwsSocket) => socket.end(4009, 'why'), 'end 4009'],
  ])('what was published before a socket is %s is handed on before', async (_, act, then) => {
    await busyTurn();
    publish(3);
    act(openSocket());
    expect(told).toEqual([...numbered(3), then]);
    publish(1, 3);
    await endOfTurn();
    expect(told.at(-1)).toBe('news 3');
  });

  it('leaves out the socket that a publication is not for, and reaches the others though it went', async () => {
    await busyTurn();
    const [staying, going] = [openSocket(), openSocket()];
    fanout.publish('news', 'a', staying);
    fanout.publish('news', 'b', going);
    going.freed();
    await endOfTurn();
    expect(told).toEqual(['others of news a', 'news b']);
  });
});
