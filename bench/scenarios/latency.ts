/**
 * Delays at steady rates well below what the server can do: of a fan-out's deliveries, and of the answers to signed triggers.
 * A trigger's delay starts when it was due, so a server that stalls can't hide it by being asked later.
 */
import { performance } from 'node:perf_hooks';
import { closeCrowd, openCrowd, subscribeCrowd } from '../client/crowd.ts';
import { paced } from '../client/pace.ts';
import { payload } from '../client/payload.ts';
import { Publisher } from '../client/publisher.ts';
import { triggerRequest } from '../client/signing.ts';
import { Tally } from '../client/tally.ts';
import { delayFigures, deliveryDelays } from './delays.ts';
import type { Bench, Figure, Scenario } from './scenario.ts';

export const latency: Scenario = {
  name: 'latency',
  summary: 'delays of 1 to 1,000 at 40 publishes a second, and of 2,000 triggers a second',
  freshServer: false,
  run,
};

const CHANNEL = 'latency';
const BYTES = 100;
const SECONDS = 5;
/** More, times the readers, and what is measured is the queue before the generator. */
const PUBLISHES_PER_SECOND = 40;
const TRIGGERS_PER_SECOND = 2_000;
const TRIGGER_CONNECTIONS = 16;

async function run(bench: Bench): Promise<Figure[]> {
  const { address, app, smoke } = bench;
  const tally = new Tally();
  const readers = await openCrowd({ address, appKey: app.key, tally }, smoke ? 25 : 1_000);
  await subscribeCrowd(readers, () => CHANNEL);
  const publishes = smoke ? 48 : PUBLISHES_PER_SECOND * SECONDS;
  const load = { channel: CHANNEL, readers, publishes, perSecond: PUBLISHES_PER_SECOND, bytes: BYTES };
  const deliveries = await deliveryDelays(bench, load);
  await closeCrowd(readers);
  tally.check();
  return [
    ...delayFigures(`1 to 1,000, ${PUBLISHES_PER_SECOND}/s`, deliveries),
    ...delayFigures(`trigger, ${TRIGGERS_PER_SECOND}/s`, await triggerDelays(bench)),
  ];
}

async function triggerDelays({ address, app, smoke }: Bench): Promise<Float64Array> {
  const perConnection = (smoke ? 64 : TRIGGERS_PER_SECOND * SECONDS) / TRIGGER_CONNECTIONS;
  const delays = new Float64Array(perConnection * TRIGGER_CONNECTIONS);
  const dueAt = new Float64Array(delays.length);
  const request = triggerRequest(app, 'tick', 'nobody', payload(0, 0, BYTES));
  const publisher = new Publisher({
    address,
    lanes: Array.from({ length: TRIGGER_CONNECTIONS }, () => Array<Buffer>(perConnection).fill(request)),
    depth: 1,
    // What goes wrong rejects `answered`.
    onFailure: () => undefined,
    onAnswer: (i) => {
      delays[i] = performance.now() - (dueAt[i] ?? Number.NaN);
    },
  });
  await publisher.connect();
  await paced(delays.length, TRIGGERS_PER_SECOND, (i) => {
    dueAt[i] = performance.now();
    publisher.release(i);
  });
  await publisher.answered();
  publisher.close();
  return delays;
}
