/** What a node costs that has nothing to do: its sweeps and timers, with 5,000 connections open. */
import { setTimeout as sleep } from 'node:timers/promises';
import { closeCrowd, openCrowd } from '../client/crowd.ts';
import { Tally } from '../client/tally.ts';
import type { Bench, Figure, Scenario } from './scenario.ts';

export const idle: Scenario = {
  name: 'idle',
  summary: 'CPU time a second with 5,000 connections that say nothing',
  freshServer: false,
  run,
};

/** Until V8 has given back what the handshakes left behind, which it does once in such a time. */
const SETTLE_SECONDS = 12;
const MEASURED_SECONDS = 15;

async function run({ address, app, meter, smoke }: Bench): Promise<Figure[]> {
  const tally = new Tally();
  const count = smoke ? 50 : 5_000;
  const seconds = smoke ? 1 : MEASURED_SECONDS;
  const clients = await openCrowd({ address, appKey: app.key, tally }, count);
  await sleep(smoke ? 0 : SETTLE_SECONDS * 1000);
  const { serverMicros } = await meter.measure(() => sleep(seconds * 1000));
  tally.check();
  await closeCrowd(clients);
  return [
    {
      label: '5,000 idle connections',
      unit: 'ms/s',
      value: serverMicros / 1000 / seconds,
      compared: true,
      checked: count,
    },
  ];
}
