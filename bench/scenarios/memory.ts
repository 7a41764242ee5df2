/**
 * Memory per connection: anonymous memory of the server with many idle connections, less the same server before them.
 * Then the same connections with one channel each that nobody else follows.
 */
import { closeCrowd, openCrowd, subscribeCrowd } from '../client/crowd.ts';
import { Tally } from '../client/tally.ts';
import { openFileLimit } from '../measure.ts';
import type { Bench, Figure, Scenario } from './scenario.ts';

export const memory: Scenario = {
  name: 'memory',
  summary: 'RssAnon per connection, idle and with one channel each',
  freshServer: true,
  run,
};

/** File descriptors a process needs beside its sockets, generously. */
const SPARE_FILES = 500;

async function run({ address, app, meter, smoke }: Bench): Promise<Figure[]> {
  const count = smoke ? 200 : 10_000;
  const settleMs = smoke ? 200 : 5_000;
  if (openFileLimit() < count + SPARE_FILES) {
    throw new Error(`needs ${count + SPARE_FILES} open files; "ulimit -n" allows ${openFileLimit()}`);
  }
  const tally = new Tally();
  const crowd = { address, appKey: app.key, tally };
  // Compiles the code and grows the heap to its working size first: that is paid once, not per connection.
  const warmUp = await openCrowd(crowd, Math.ceil(count / 10));
  await subscribeCrowd(warmUp, (i) => `warm-up-${i}`);
  await closeCrowd(warmUp);

  const empty = await meter.settledMemory(settleMs);
  const clients = await openCrowd(crowd, count);
  const idle = await meter.settledMemory(settleMs);
  await subscribeCrowd(clients, (i) => `memory-${i}`);
  const subscribed = await meter.settledMemory(settleMs);
  for (const client of clients) client.destroy();
  tally.check();
  return [
    figure('idle connection', (idle - empty) / count, count, empty),
    figure('with one channel', (subscribed - empty) / count, count, empty),
  ];
}

function figure(label: string, value: number, checked: number, emptyKib: number): Figure {
  const note = `empty server ${(emptyKib / 1024).toFixed(1)} MiB`;
  return { label, unit: 'KiB/connection', value, compared: true, checked, note };
}
