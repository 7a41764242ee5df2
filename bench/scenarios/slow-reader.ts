/** Subscribers that stop reading among many that do not: the others must get everything, and in good time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { closeCrowd, openCrowd, subscribeCrowd } from '../client/crowd.ts';
import { Tally } from '../client/tally.ts';
import { delayFigures, deliveryDelays } from './delays.ts';
import type { Bench, Figure, Scenario } from './scenario.ts';

export const slowReader: Scenario = {
  name: 'slow-reader',
  summary: 'five readers stop: delays of 50 others, with and without them',
  freshServer: false,
  run,
};

const CHANNEL = 'slow-reader';
/** Large events, so that what is unread outgrows the kernel's buffers within the phase. */
const BYTES = 10_000;
const PER_SECOND = 200;
const SLOW = 5;

async function run(bench: Bench): Promise<Figure[]> {
  const { address, app, smoke } = bench;
  const tally = new Tally();
  const readers = await openCrowd({ address, appKey: app.key, tally }, smoke ? 5 : 50);
  await subscribeCrowd(readers, () => CHANNEL);
  const load = {
    channel: CHANNEL,
    readers,
    publishes: smoke ? 48 : 1_000,
    perSecond: PER_SECOND,
    bytes: BYTES,
  };
  const without = await deliveryDelays(bench, load);
  // They have a tally of their own: the server may drop them, and that is no failure.
  const slow = await openCrowd({ address, appKey: app.key, tally: new Tally() }, SLOW);
  await subscribeCrowd(slow, () => CHANNEL);
  for (const client of slow) client.stall();
  const beside = await deliveryDelays(bench, load);
  for (const client of slow) client.destroy();
  // Lets the server notice before the readers leave.
  await sleep(50);
  await closeCrowd(readers);
  tally.check();
  return [...delayFigures('all read', without), ...delayFigures('five are stuck', beside)];
}
