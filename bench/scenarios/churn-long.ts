/**
 * Ten minutes of visitors who come, join channels of their own and go, beside 2,000 channels that stay. What is measured is
 * memory: what the server keeps for nobody in particular, after the first minute and at the end, with all garbage collected,
 * and what it had at most in between, as it was.
 */
import { closeCrowd, openCrowd, subscribeCrowd } from '../client/crowd.ts';
import { paced } from '../client/pace.ts';
import { Tally } from '../client/tally.ts';
import { WsClient } from '../client/ws-client.ts';
import { seatOf } from './presence-room.ts';
import type { Bench, Figure, Scenario } from './scenario.ts';

const MINUTES = 10;
const MINUTE_MS = 60_000;

export const churnLong: Scenario = {
  name: 'churn-long',
  summary: 'ten minutes of visitors: does memory stay flat?',
  freshServer: true,
  collectable: true,
  byNameOnly: true,
  limitMs: (MINUTES + 3) * MINUTE_MS,
  run,
};

const PER_SECOND = 200;

async function run(bench: Bench): Promise<Figure[]> {
  const { address, app, meter, smoke } = bench;
  const perMinute = smoke ? 20 : PER_SECOND * 60;
  const tally = new Tally();
  const standing = await openCrowd({ address, appKey: app.key, tally }, smoke ? 40 : 2_000);
  await subscribeCrowd(standing, (i) => `standing-${i}`);
  let highest = 0;
  const visitors = new Visitors(bench, tally);
  await visitors.come(perMinute);
  const early = await meter.retainedMemory();
  for (let minute = 1; minute < (smoke ? 2 : MINUTES); minute++) {
    await visitors.come(perMinute);
    highest = Math.max(highest, meter.memory());
  }
  const late = await meter.retainedMemory();
  tally.check();
  await closeCrowd(standing);
  const figure = (label: string, unit: string, value: number): Figure => {
    return { label, unit, value, compared: false, checked: visitors.gone };
  };
  return [
    figure('after the first minute', 'MiB', early / 1024),
    figure('at the end', 'MiB', late / 1024),
    figure('highest, uncollected', 'MiB', highest / 1024),
    figure('growth', 'bytes/visitor', ((late - early) * 1024) / (visitors.gone - perMinute)),
  ];
}

/** Come at a steady rate; each joins a public channel and a presence room of its own, and goes. */
class Visitors {
  readonly #bench: Bench;
  readonly #tally: Tally;
  #come = 0;
  gone = 0;

  constructor(bench: Bench, tally: Tally) {
    this.#bench = bench;
    this.#tally = tally;
  }

  /** Resolves when `count` more have come and gone. */
  async come(count: number): Promise<void> {
    const visits: Promise<void>[] = [];
    const failed = (error: Error): void => this.#tally.fail(error);
    await paced(count, PER_SECOND, () => visits.push(this.#visit(this.#come++).catch(failed)));
    await Promise.all(visits);
    this.#tally.check();
  }

  async #visit(i: number): Promise<void> {
    const { address, app } = this.#bench;
    const visitor = new WsClient({ address, appKey: app.key, tally: this.#tally });
    await visitor.connect();
    await visitor.subscribe(`visit-${i}`);
    const room = `presence-visit-${i}`;
    await visitor.subscribeWith(room, seatOf(app, visitor, room, `visitor-${i}`).frame);
    await visitor.close();
    this.gone += 1;
  }
}
