/** The life of a connection in three prices: handshake, one subscription to a public channel of its own, close. */
import { closeCrowd, openCrowd, subscribeCrowd } from '../client/crowd.ts';
import { Tally } from '../client/tally.ts';
import type { WsClient } from '../client/ws-client.ts';
import { type Bench, cpuFigure, type Figure, type Scenario } from './scenario.ts';

export const connect: Scenario = {
  name: 'connect',
  summary: 'handshake, subscribe and close, each by itself',
  freshServer: false,
  run,
};

async function run({ address, app, meter, smoke }: Bench): Promise<Figure[]> {
  const count = smoke ? 40 : 1_500;
  const tally = new Tally();
  let clients: WsClient[] = [];
  const handshake = await meter.measure(async () => {
    clients = await openCrowd({ address, appKey: app.key, tally }, count);
  });
  const subscribe = await meter.measure(() => subscribeCrowd(clients, (i) => `connect-${i}`));
  const close = await meter.measure(() => closeCrowd(clients));
  tally.check();
  return [
    cpuFigure('handshake', 'handshake', handshake, count),
    cpuFigure('subscribe', 'subscription', subscribe, count),
    cpuFigure('close', 'close', close, count),
  ];
}
