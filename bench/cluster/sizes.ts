/** What the size of a cluster changes: one node publishes to the clients of another, and any number stand beside. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BENCH_APP } from '../app.ts';
import { Meter } from '../measure.ts';
import { publishPaced } from '../scenarios/fan-out.ts';
import { forEachSize } from '../scenarios/fan-out-setup.ts';
import { carillonTarget } from '../targets/carillon.ts';
import { infoOf } from './redis.ts';

const SUBSCRIBERS = 100;
const PER_SECOND = 500;
const STREAMS = 4;

/** What a publish costs, in µs of CPU time, and bytes. */
export interface SizeCost {
  readonly publisher: number;
  readonly subscribers: number;
  readonly redis: number;
  /** Of the nodes beside together, beyond what they use when nothing happens. */
  readonly beside: number;
  /** Bytes that Redis sent, to all of them. */
  readonly redisBytes: number;
}

export async function costOfSize(nodes: number, smoke: boolean): Promise<SizeCost> {
  const perStream = smoke ? 3 : 500;
  const publishes = perStream * STREAMS;
  const target = await carillonTarget({}).start(nodes);
  const [subscribersNode] = target.peers;
  const { redisPid, redisUrl } = target;
  if (subscribersNode === undefined || redisPid === undefined || redisUrl === undefined) {
    throw new Error('a cluster has two nodes and a Redis');
  }
  const meter = new Meter(target.pid, [...target.peers.map(({ pid }) => pid), redisPid]);
  const plan = { subscribers: SUBSCRIBERS, streams: STREAMS, perStream };
  const bench = { address: target.address, app: BENCH_APP, meter, smoke, pipeline: 1 };
  const sent = async (): Promise<number> =>
    Number((await infoOf(redisUrl, 'stats')).get('total_net_output_bytes'));
  let cost: SizeCost | undefined;
  // The first makes code hot and is thrown away.
  const sizes = [
    ['first', 100],
    ['second', 100],
  ] as const;
  await forEachSize({ ...bench, address: subscribersNode.address }, { ...plan, sizes }, async (setup) => {
    const before = await sent();
    const { cost: used } = await publishPaced(bench, setup, publishes, PER_SECOND);
    const between = await sent();
    const idle = await meter.measure(() => sleep(used.wallMs));
    const idleBytes = (await sent()) - between;
    const [publisher = 0, subscribers = 0, ...others] = used.eachMicros.map((micros) => micros / publishes);
    const redis = others.pop() ?? 0;
    const alone = idle.eachMicros.slice(2, -1).map((micros) => micros / publishes);
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    const redisBytes = (between - before - idleBytes) / publishes;
    cost = { publisher, subscribers, redis, beside: sum(others) - sum(alone), redisBytes };
    return { label: setup.label, unit: '', value: 0, compared: false, checked: publishes };
  });
  await target.stop();
  if (cost === undefined) throw new Error('nothing was measured');
  return cost;
}
