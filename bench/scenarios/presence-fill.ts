/** A presence room that fills: one member after another, and all at once. */
import { closeCrowd, each, openCrowd } from '../client/crowd.ts';
import { Tally } from '../client/tally.ts';
import { ignoreMembers, Member, seatOf } from './presence-room.ts';
import { type Bench, cpuFigure, type Figure, type Scenario } from './scenario.ts';

export const presenceFill: Scenario = {
  name: 'presence-fill',
  summary: 'a presence room of 500 filling one by one, and at once',
  freshServer: false,
  run,
};

async function run(bench: Bench): Promise<Figure[]> {
  const members = bench.smoke ? 20 : 500;
  return [
    await fill(bench, 'one by one', 'presence-one-by-one', members, 1),
    await fill(bench, 'at once', 'presence-at-once', members, members),
  ];
}

async function fill(
  { address, app, meter }: Bench,
  label: string,
  channel: string,
  count: number,
  concurrency: number,
): Promise<Figure> {
  const tally = new Tally();
  const clients = await openCrowd({ address, appKey: app.key, tally }, count);
  const members = clients.map((client, i) => new Member(seatOf(app, client, channel, `user-${i}`), tally));
  // Each of n members learns of n - 1 others.
  const facts = count * (count - 1);
  const cost = await meter.measure(async () => {
    await each(members, 'joins', (member) => member.join(channel), concurrency);
    await tally.until(facts);
  });
  tally.finish(facts);
  ignoreMembers(clients);
  await closeCrowd(clients);
  return cpuFigure(label, 'join', cost, count);
}
