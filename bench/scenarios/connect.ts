/** The life of a connection in three prices: handshake, one subscription to a public channel of its own, close. */
import { closeCrowd, openCrowd, subscribeCrowd } from '../client/crowd.ts';
import { Tally } from '../client/tally.ts';
import type { WsClient } from '../client/ws-client.ts';
import { type Cost, sumOfCosts } from '../measure.ts';
import { type Bench, cpuFigure, type Figure, type Scenario } from './scenario.ts';

export const connect: Scenario = {
  name: 'connect',
  summary: 'handshake, subscribe and close, each by itself',
  freshServer: false,
  run,
};

/** Crowds that come and go in one round: enough work to measure, without thousands more sockets at a time. */
const WAVES = 4;

async function run({ address, app, meter, smoke }: Bench): Promise<Figure[]> {
  const count = smoke ? 40 : 1_500;
  const handshakes: Cost[] = [];
  const subscriptions: Cost[] = [];
  const closes: Cost[] = [];
  for (let wave = 0; wave < (smoke ? 1 : WAVES); wave++) {
    const tally = new Tally();
    let clients: WsClient[] = [];
    handshakes.push(
      await meter.measure(async () => {
        clients = await openCrowd({ address, appKey: app.key, tally }, count);
      }),
    );
    subscriptions.push(await meter.measure(() => subscribeCrowd(clients, (i) => `connect-${i}`)));
    closes.push(await meter.measure(() => closeCrowd(clients)));
    tally.check();
  }
  const units = count * handshakes.length;
  return [
    cpuFigure('handshake', 'handshake', sumOfCosts(handshakes), units),
    cpuFigure('subscribe', 'subscription', sumOfCosts(subscriptions), units),
    cpuFigure('close', 'close', sumOfCosts(closes), units),
  ];
}
