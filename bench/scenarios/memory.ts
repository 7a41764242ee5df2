/**
 * Memory per connection: how the server's anonymous memory grows from 5,000 idle connections to 15,000, and from 5,000
 * channels with one of them each to 15,000. A crowd came and went before, so that code is compiled and the room that closed
 * connections leave behind is taken by the first 5,000, which are not counted. Garbage is collected before each reading.
 */
import { closeCrowd, openCrowd, subscribeCrowd } from '../client/crowd.ts';
import { Tally } from '../client/tally.ts';
import type { WsClient } from '../client/ws-client.ts';
import { openFileLimit } from '../measure.ts';
import { slope } from '../statistics.ts';
import type { Bench, Figure, Scenario } from './scenario.ts';

export const memory: Scenario = {
  name: 'memory',
  summary: 'RssAnon per connection, idle and with one channel each',
  freshServer: true,
  collectable: true,
  run,
};

const STEPS = 3;
/** File descriptors a process needs beside its sockets, generously. */
const SPARE_FILES = 500;

async function run({ address, app, meter, smoke }: Bench): Promise<Figure[]> {
  const step = smoke ? 70 : 5_000;
  const files = step * STEPS + SPARE_FILES;
  if (openFileLimit() < files) {
    throw new Error(`needs ${files} open files; "ulimit -n" allows ${openFileLimit()}`);
  }
  const tally = new Tally();
  const crowd = (sourcesAfter: number): Promise<WsClient[]> => {
    return openCrowd({ address, appKey: app.key, tally, sourcesAfter }, step);
  };
  const early = await crowd(0);
  await subscribeCrowd(early, (i) => `early-${i}`);
  await closeCrowd(early);

  const crowds: WsClient[][] = [];
  const idle: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    crowds.push(await crowd(i + 1));
    idle.push(await meter.retainedMemory());
  }
  const subscribed: number[] = [];
  for (const [at, clients] of crowds.entries()) {
    await subscribeCrowd(clients, (i) => `memory-${at}-${i}`);
    subscribed.push(await meter.retainedMemory());
  }
  tally.check();
  for (const client of crowds.flat()) client.destroy();
  const [perIdle, perChannel] = [slope(idle) / step, slope(subscribed) / step];
  const figure = (label: string, value: number, readings: readonly number[]): Figure => {
    const note = `${readings.map((kib) => (kib / 1024).toFixed(1)).join(', ')} MiB`;
    return { label, unit: 'KiB/connection', value, compared: true, checked: step * STEPS, note };
  };
  return [
    figure('idle connection', perIdle, idle),
    figure('with one channel', perIdle + perChannel, subscribed),
  ];
}
