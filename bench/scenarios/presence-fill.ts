/**
 * A presence room that fills: one member after another, and all at once. Every member must learn of every other exactly
 * once, by the roster it joined with or by a `member_added`.
 */
import { closeCrowd, each, openCrowd } from '../client/crowd.ts';
import type { ParsedFrame } from '../client/delivery-check.ts';
import { channelAuth } from '../client/signing.ts';
import { Tally } from '../client/tally.ts';
import { subscribeFrame, type WsClient } from '../client/ws-client.ts';
import { type Bench, cpuFigure, type Figure, type Scenario } from './scenario.ts';

export const presenceFill: Scenario = {
  name: 'presence-fill',
  summary: 'a presence room of 500 filling one by one, and at once',
  freshServer: false,
  run,
};

interface Roster {
  readonly presence: {
    readonly count: number;
    readonly ids: readonly string[];
    readonly hash: Record<string, unknown>;
  };
}

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
  members: number,
  concurrency: number,
): Promise<Figure> {
  const tally = new Tally();
  const clients = await openCrowd({ address, appKey: app.key, tally }, members);
  const known = clients.map((_, i) => new Set([userId(i)]));
  const frames = clients.map((client, i) => {
    const channelData = JSON.stringify({ user_id: userId(i), user_info: { name: `Member number ${i}` } });
    return subscribeFrame(channel, channelAuth(app, client.socketId, channel, channelData), channelData);
  });
  clients.forEach((client, i) => {
    client.onServerEvent = (frame) => noteAdded(frame, known[i], tally);
  });
  // Each of n members learns of n - 1 others.
  const facts = members * (members - 1);
  const join = async (client: WsClient, i: number): Promise<void> => {
    const frame = frames[i];
    if (frame !== undefined)
      noteRoster(await client.subscribeWith(channel, frame), userId(i), known[i], tally);
  };
  const cost = await meter.measure(async () => {
    await each(clients, 'joins', join, concurrency);
    await tally.until(facts);
  });
  tally.finish(facts);
  // Members leave as the room is taken down, and nobody counts that.
  for (const client of clients) client.onServerEvent = () => undefined;
  await closeCrowd(clients);
  return cpuFigure(label, 'join', cost, members);
}

function noteAdded(frame: ParsedFrame, known: Set<string> | undefined, tally: Tally): void {
  if (frame.event !== 'pusher_internal:member_added') {
    tally.fail(new Error(`unexpected ${frame.event} while the room fills`));
    return;
  }
  const { user_id: id } = JSON.parse(String(frame.data)) as { readonly user_id: string };
  learn(id, known, tally);
}

function noteRoster(data: string, own: string, known: Set<string> | undefined, tally: Tally): void {
  const { ids, count, hash } = (JSON.parse(data) as Roster).presence;
  if (!ids.includes(own) || count !== ids.length || Object.keys(hash).length !== count) {
    tally.fail(
      new Error(`a roster without ${own}, or whose count, ids and hash differ: ${data.slice(0, 200)}`),
    );
  }
  for (const id of ids) if (id !== own) learn(id, known, tally);
}

function learn(id: string, known: Set<string> | undefined, tally: Tally): void {
  if (known === undefined || known.has(id)) tally.fail(new Error(`${id} was announced twice to one member`));
  known?.add(id);
  tally.arrived();
}

function userId(i: number): string {
  return `user-${i}`;
}
