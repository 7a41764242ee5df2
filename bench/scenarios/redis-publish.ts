/** How many publishes a second a node gets through Redis, and what each costs: triggers that nobody anywhere follows. */
import { payload } from '../client/payload.ts';
import { Publisher } from '../client/publisher.ts';
import { triggerRequest } from '../client/signing.ts';
import { type Bench, cpuFigure, type Figure, floodConnections, type Scenario } from './scenario.ts';

export const redisPublish: Scenario = {
  name: 'redis-publish',
  summary: 'triggers through Redis as fast as accepted: the node that takes them, and Redis',
  freshServer: false,
  nodes: 2,
  run,
};

const BYTES = 100;
const REQUESTS = 16_000;
const LIMIT_MS = 6_000;

async function run(bench: Bench): Promise<Figure[]> {
  const { address, app, meter, pipeline, smoke } = bench;
  const connections = floodConnections(bench);
  const perLane = (smoke ? 64 : REQUESTS) / connections;
  const lanes = Array.from({ length: connections }, () =>
    Array.from({ length: perLane }, () => triggerRequest(app, 'tick', 'nobody', payload(0, 0, BYTES))),
  );
  // A failed answer rejects the flood itself, so there is nothing more to do about it here.
  const publisher = new Publisher({ address, lanes, depth: pipeline, onFailure: () => undefined });
  await publisher.connect();
  const cost = await meter.measure(() => publisher.flood(LIMIT_MS, () => true));
  const { sent } = publisher;
  publisher.close();
  const figure = cpuFigure('100 B flood', 'publish', cost, sent);
  const [node, , redis] = cost.eachMicros.map((micros) => (micros / sent).toFixed(2));
  const busy = (cost.busiestMicros / 10 / cost.wallMs).toFixed(0);
  const rate = Math.round((sent * 1000) / cost.wallMs);
  return [
    {
      ...figure,
      note: `node ${node}, Redis ${redis}; ${rate} publishes/s, the busiest process at ${busy} % of a core`,
    },
  ];
}
