/** At rest everybody agrees: what clients believe, what every node answers, what Redis holds, what backends were told. */
import { expect } from 'vitest';
import { api } from '../../support/api.ts';
import type { ClusterNode } from '../../support/cluster.ts';
import { DEFAULT_APP } from '../../support/server.ts';
import type { WebhookReceiver } from '../../support/webhook-receiver.ts';
import type { ChaosClient } from './chaos-client.ts';
import type { ChaosStore } from './stores.ts';

/** The truth: made of who is connected to what. */
export interface Truth {
  /** Channel → subscriptions, of occupied channels. */
  readonly counts: ReadonlyMap<string, number>;
  /** Presence channel → users, sorted. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  /** Users signed in. */
  readonly online: ReadonlySet<string>;
}

/** Somebody connected, with the user it is and the channels it is in. */
export interface Present {
  readonly user: string;
  readonly channels: Iterable<string>;
  readonly signedIn: boolean;
}

export function truthOf(present: readonly Present[]): Truth {
  const counts = new Map<string, number>();
  const members = new Map<string, Set<string>>();
  const online = new Set<string>();
  for (const { user, channels, signedIn } of present) {
    if (signedIn) online.add(user);
    for (const channel of channels) {
      counts.set(channel, (counts.get(channel) ?? 0) + 1);
      if (!channel.startsWith('presence-')) continue;
      members.set(channel, (members.get(channel) ?? new Set()).add(user));
    }
  }
  return {
    counts,
    online,
    members: new Map([...members].map(([channel, users]) => [channel, [...users].sort()])),
  };
}

/** What the clients believe. */
export function expectClients(clients: readonly ChaosClient[], { counts, members, online }: Truth): void {
  for (const { name, state, pending, views, watched } of clients) {
    expect([name, state, [...pending]]).toEqual([name, 'open', []]);
    for (const [channel, { roster, count }] of views) {
      if (roster !== undefined) {
        expect([name, channel, [...roster].sort()]).toEqual([name, channel, members.get(channel)]);
      } else if (count !== undefined) {
        expect([name, channel, count]).toEqual([name, channel, counts.get(channel)]);
      }
    }
    for (const [user, isOnline] of watched)
      expect([name, user, isOnline]).toEqual([name, user, online.has(user)]);
  }
}

/** What a node answers. */
export async function expectAnswers(node: ClusterNode, { counts, members }: Truth): Promise<void> {
  const answer = (await api(node, 'GET', '/channels')).json() as { channels: object };
  expect(Object.keys(answer.channels).sort()).toEqual([...counts.keys()].sort());
  for (const [channel, count] of counts) {
    const info = { query: { info: 'subscription_count' } };
    const state = (await api(node, 'GET', `/channels/${channel}`, info)).json();
    expect([channel, state]).toEqual([channel, { occupied: true, subscription_count: count }]);
  }
  for (const [channel, users] of members) {
    const list = (await api(node, 'GET', `/channels/${channel}/users`)).json() as { users: { id: string }[] };
    expect([channel, list.users.map(({ id }) => id).sort()]).toEqual([channel, users]);
  }
}

/** What may be left of things that are gone: all of it ends by itself, or is of no size. */
const LEFTOVERS = /(:\{nodes\}:(leases|swept)|:(told|miss|rate|cache|revoked):.*|:gone:.*)$/s;

/** What Redis holds. */
export async function expectKeys(store: ChaosStore, nodes: number, truth: Truth): Promise<void> {
  const { client } = store;
  const live = await client.zrange('carillon:{nodes}:leases', '0', '-1');
  expect(live).toHaveLength(nodes);
  const found = {
    subs: new Map<string, number>(),
    members: new Map<string, string[]>(),
    online: new Set<string>(),
  };
  const app = `${DEFAULT_APP.id}\n`;
  for (const key of await store.keys('carillon:*')) {
    const [, kind = '', name = ''] = /^carillon:\{\d+\}:([a-z-]+)(?::(.*))?$/s.exec(key) ?? [];
    const what = name.startsWith(app) ? name.slice(app.length) : name;
    if (LEFTOVERS.test(key)) {
      if (/:(told|miss|rate|cache|revoked|gone):/.test(key))
        expect([key, (await client.ttl(key)) >= -2]).toEqual([key, true]);
    } else if (kind === 'subs') found.subs.set(what, Number(await client.get(key)));
    else if (kind === 'online') found.online.add(what);
    else if (kind === 'members') {
      const fields = await client.hkeys(key);
      found.members.set(
        what,
        fields
          .filter((field) => field !== 'v')
          .map((field) => field.slice(1))
          .sort(),
      );
    } else if (kind === 'node') expect([...live, 'a node that lives']).toContain(what);
    else if (kind === 'webhooks') expect([key, await client.xlen(key)]).toEqual([key, 0]);
    else if (kind === 'channels') {
      for (const channel of await client.smembers(key)) expect([...truth.counts.keys()]).toContain(channel);
    } else expect([key]).toEqual([]);
  }
  const own = [...found.subs].filter(([channel]) => !channel.startsWith('#')).sort();
  expect(own).toEqual([...truth.counts].sort());
  expect([...found.members].sort()).toEqual([...truth.members].sort());
  expect([...found.online].sort()).toEqual([...truth.online].sort());
}

/** What backends were told: each stay begins and ends once, in turns, and what began last is what is. */
export function expectReports(receiver: WebhookReceiver, { counts, members }: Truth): void {
  const seen = new Set<string>();
  const present = new Map<string, boolean>();
  const wrong: string[] = [];
  for (const { id, name, channel, user_id: user } of receiver.events) {
    if (seen.has(id)) continue;
    seen.add(id);
    if (!/^(member_added|member_removed|channel_occupied|channel_vacated)$/.test(name)) continue;
    const what = user === undefined ? channel : `${channel} ${user}`;
    const begins = name === 'member_added' || name === 'channel_occupied';
    if ((present.get(what) ?? false) === begins) wrong.push(`${name} of ${what} came twice in a row`);
    present.set(what, begins);
  }
  expect(wrong).toEqual([]);
  const told = [...present].filter(([, isPresent]) => isPresent).map(([what]) => what);
  const true_ = [...counts.keys()];
  for (const [channel, users] of members) true_.push(...users.map((user) => `${channel} ${user}`));
  expect(told.sort()).toEqual(true_.sort());
}
