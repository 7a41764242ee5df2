/**
 * How the hub finds and makes channels, beside the least that could be done: for a channel that is there among others, and
 * one that comes and goes. `node dist/bench/micro/hub.js`
 */
import type { App } from '../../server/apps/app.ts';
import { Hub } from '../../server/channels/hub.ts';
import { compare, printHead } from './compare.ts';

/** The hub keeps an app and looks at its id alone. */
const app = { id: '1' } as App;

printHead();
for (const channels of [1, 1_000, 100_000]) compareHubs(channels);

function compareHubs(count: number): void {
  const names = Array.from({ length: count }, (_, i) => `private-orders-${i}`);
  const hub = new Hub();
  const plain = new Map<string, number>();
  for (const name of names) {
    hub.of(app).hold(name);
    plain.set(name, 1);
  }
  let turn = 0;
  // As text that was just cut out of a request: its hash is yet to be computed.
  const next = (): string => {
    turn = (turn + 1) % count;
    return `${names[turn]?.slice(0, -1)}${names[turn]?.slice(-1)}`;
  };
  compare(`a channel of ${count}`, [
    { name: 'server/channels/hub.ts', run: () => hub.find(app.id)?.channels.has(next()) === true },
    { name: 'one Map', run: () => plain.has(next()) },
    { name: 'the text alone', run: () => next().length > 0 },
  ]);
  let visit = 0;
  compare(`a new channel beside ${count}, gone again`, [
    { name: 'server/channels/hub.ts', run: () => comeAndGo(hub, `visit-${visit++}`) },
    { name: 'one Map', run: () => setAndDelete(plain, `visit-${visit++}`) },
  ]);
  // A Map keeps what was deleted in the chain of its hash until it is rebuilt.
  compare(`the same beside ${count}, again and again`, [
    { name: 'server/channels/hub.ts', run: () => comeAndGo(hub, 'visit') },
    { name: 'one Map', run: () => setAndDelete(plain, 'visit') },
  ]);
}

function comeAndGo(hub: Hub, name: string): boolean {
  const here = hub.of(app);
  return here.release(here.hold(name));
}

function setAndDelete(map: Map<string, number>, name: string): boolean {
  return map.set(name, 1).delete(name);
}
