/** Visitors who come, subscribe and go, beside thousands of channels that stay: does leaving cost what others hold? */
import { closeCrowd, each, openCrowd, subscribeCrowd } from '../client/crowd.ts';
import { Tally } from '../client/tally.ts';
import { WsClient } from '../client/ws-client.ts';
import { type Bench, cpuFigure, type Figure, type Scenario } from './scenario.ts';

export const churn: Scenario = {
  name: 'churn',
  summary: 'connect, subscribe and disconnect beside 2,000 standing channels',
  freshServer: false,
  run,
};

async function run({ address, app, meter, smoke }: Bench): Promise<Figure[]> {
  const [standing, cycles] = smoke ? [40, 40] : [2_000, 1_500];
  const tally = new Tally();
  const clients = await openCrowd({ address, appKey: app.key, tally }, standing);
  await subscribeCrowd(clients, (i) => `standing-${i}`);
  const visitors = Array.from({ length: cycles }, () => new WsClient({ address, appKey: app.key, tally }));
  const cost = await meter.measure(() => {
    return each(visitors, 'visits', async (visitor, i) => {
      await visitor.connect();
      await visitor.subscribe(`visit-${i}`);
      await visitor.close();
    });
  });
  tally.check();
  await closeCrowd(clients);
  return [cpuFigure('visit', 'cycle', cost, cycles)];
}
