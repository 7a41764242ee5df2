/**
 * Memory per connection: anonymous memory of the server with many idle connections, less the same server with the first
 * few. Then the same connections with one channel each that nobody else follows.
 */
import { openCrowd, subscribeCrowd } from '../client/crowd.ts';
import { Tally } from '../client/tally.ts';
import { openFileLimit } from '../measure.ts';
import type { Bench, Figure, Scenario } from './scenario.ts';

export const memory: Scenario = {
  name: 'memory',
  summary: 'RssAnon per connection, idle and with one channel each',
  freshServer: true,
  run,
};

/** V8 gives memory back when a process has been idle for some 8 s; measured before that, a figure is half chance. */
const SETTLE_MS = 14_000;

/** File descriptors a process needs beside its sockets, generously. */
const SPARE_FILES = 500;

async function run({ address, app, meter, smoke }: Bench): Promise<Figure[]> {
  const count = smoke ? 200 : 10_000;
  const settleMs = smoke ? 200 : SETTLE_MS;
  const files = count * 1.1 + SPARE_FILES;
  if (openFileLimit() < files) {
    throw new Error(`needs ${files} open files; "ulimit -n" allows ${openFileLimit()}`);
  }
  const tally = new Tally();
  const crowd = { address, appKey: app.key, tally };
  // Compiles the code and brings the heap to its working size: that is paid once, not per connection. These stay, since
  // what they would leave behind on closing is room the measured ones would move into.
  const first = await openCrowd(crowd, Math.ceil(count / 10));
  await subscribeCrowd(first, (i) => `first-${i}`);
  const before = await meter.settledMemory(settleMs);
  const clients = await openCrowd(crowd, count);
  const idle = await meter.settledMemory(settleMs);
  await subscribeCrowd(clients, (i) => `memory-${i}`);
  const subscribed = await meter.settledMemory(settleMs);
  tally.check();
  for (const client of [...first, ...clients]) client.destroy();
  return [
    figure('idle connection', (idle - before) / count, count, before),
    figure('with one channel', (subscribed - before) / count, count, before),
  ];
}

function figure(label: string, value: number, checked: number, beforeKib: number): Figure {
  const note = `${(beforeKib / 1024).toFixed(1)} MiB before`;
  return { label, unit: 'KiB/connection', value, compared: true, checked, note };
}
