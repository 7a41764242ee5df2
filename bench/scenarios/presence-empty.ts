/** A presence room that empties: one member after another until one is left, and one half at once before the eyes of the other. */
import { closeCrowd, each, openCrowd } from '../client/crowd.ts';
import { Tally } from '../client/tally.ts';
import type { WsClient } from '../client/ws-client.ts';
import { ignoreMembers, Member, seatOf } from './presence-room.ts';
import { type Bench, cpuFigure, type Figure, type Scenario } from './scenario.ts';

export const presenceEmpty: Scenario = {
  name: 'presence-empty',
  summary: 'a presence room of 500 emptying one by one, and half of it at once',
  freshServer: false,
  run,
};

async function run(bench: Bench): Promise<Figure[]> {
  const members = bench.smoke ? 20 : 500;
  return [
    await empty(bench, 'one by one', 'presence-leaving', members, members - 1, 1),
    await empty(bench, 'half at once', 'presence-half', members, members / 2, members / 2),
  ];
}

/** The first `leaving` of `count` close their connections; the others stay to the end. */
async function empty(
  { address, app, meter }: Bench,
  label: string,
  channel: string,
  count: number,
  leaving: number,
  concurrency: number,
): Promise<Figure> {
  const tally = new Tally();
  const clients = await openCrowd({ address, appKey: app.key, tally }, count);
  const members = clients.map((client, i) => new Member(seatOf(app, client, channel, `user-${i}`), tally));
  await each(members, 'joins', (member) => member.join(channel));
  const joined = count * (count - 1);
  await tally.until(joined);

  // Who leaves at once with others may hear of them or not; who leaves alone hears of all before it.
  if (concurrency > 1) ignoreMembers(clients.slice(0, leaving));
  const heard = concurrency > 1 ? (count - leaving) * leaving : heardAfter(count, leaving);
  const facts = joined + heard;
  const leave = async (client: WsClient, i: number): Promise<void> => {
    await client.close();
    // One by one means that the next goes when all have heard of this one.
    if (concurrency === 1) await tally.until(joined + heardAfter(count, i + 1));
  };
  const cost = await meter.measure(async () => {
    await each(clients.slice(0, leaving), 'departures', leave, concurrency);
    await tally.until(facts);
  });
  tally.finish(facts);
  ignoreMembers(clients);
  await closeCrowd(clients);
  return cpuFigure(label, 'leave', cost, leaving);
}

/** Departures heard of in a room of `count` that `gone` left one by one. */
function heardAfter(count: number, gone: number): number {
  return gone * (count - 1) - (gone * (gone - 1)) / 2;
}
