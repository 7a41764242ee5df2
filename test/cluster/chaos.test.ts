/**
 * Nodes killed, paused, cut off and stopped by chance while a crowd comes, goes and talks. At rest the clients' views, every
 * node's answers, Redis' keys and the webhooks agree; no message was lost between nodes that lived; all heard one order.
 *
 * `npm run chaos -- --seed N --minutes M` for longer runs, with `--redis cluster` over a Redis Cluster.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { accept, fail } from '../support/webhook-receiver.ts';
import { expectAnswers, expectClients, expectKeys, expectReports, truthOf } from './chaos/agreement.ts';
import { SeededChance } from './chaos/chance.ts';
import { Crowd } from './chaos/crowd.ts';
import { History } from './chaos/history.ts';
import { Pages } from './chaos/pages.ts';
import { type ChaosStore, startChaosStore } from './chaos/stores.ts';
import { Troubles } from './chaos/troubles.ts';
import { HASTY, useCluster } from './cluster-support.ts';

const seed = Number(process.env['CARILLON_CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9));
const minutes = Number(process.env['CARILLON_CHAOS_MINUTES'] ?? 0.2);
const kind = process.env['CARILLON_CHAOS_REDIS'] ?? 'single';
const isLong = minutes > 1;
const PHASE_MS = isLong ? 30_000 : 12_000;
const CLIENTS = isLong ? 300 : 150;
const REST_MS = 40_000;

let store: ChaosStore;
beforeAll(async () => {
  store = await startChaosStore(kind);
}, 60_000);
afterAll(() => store?.stop());

const cluster = useCluster(3, () => store.address, {
  ...HASTY,
  CARILLON_REDIS_FOLLOW_TIMEOUT_MS: '3000',
  CARILLON_DRAIN_SECONDS: '1',
});

it(`everybody agrees after chaos (seed ${seed})`, { timeout: minutes * 60_000 * 3 + 120_000 }, async () => {
  const chance = new SeededChance(seed);
  const history = new History();
  const { nodes, receiver } = cluster;
  const apart = isLong ? { atOnce: 2, apartMs: 4000 } : { atOnce: 1, apartMs: 1500 };
  const troubles = new Troubles(nodes, store, new SeededChance(seed + 1), history, apart);
  const crowd = new Crowd(CLIENTS, { nodes, troubles, chance, history });
  const pages = await Pages.open(3, () => nodes[troubles.answering()[0] ?? 0]);
  const moody = new SeededChance(seed + 2);
  const end = Date.now() + minutes * 60_000;
  try {
    do {
      receiver.answer = (...request) => (moody.next() < 0.03 ? fail(...request) : accept(...request));
      const phaseEnd = Math.min(end, Date.now() + PHASE_MS);
      await Promise.all([crowd.until(phaseEnd), troubles.until(phaseEnd)]);
      receiver.answer = accept;
      await eventually(async () => {
        const truth = truthOf([
          ...crowd.clients.map(({ user, views, signedIn }) => ({ user, channels: views.keys(), signedIn })),
          ...pages.present(),
        ]);
        // From the inside to the outside: what fails first is where to look.
        await expectKeys(store, nodes.length, truth);
        for (const node of nodes) await expectAnswers(node, truth);
        expectClients(crowd.clients, truth);
        pages.expect(truth);
        expectReports(receiver, truth);
      }, REST_MS);
      expect(history.faults()).toEqual([]);
      expect(history.absences).toEqual([]);
    } while (Date.now() < end);
  } catch (error) {
    const again = `npm run chaos -- --seed ${seed} --minutes ${minutes} --redis ${kind}`;
    const logs = nodes.map(({ said }, at) => `node ${at}:\n${said.slice(-25).join('\n')}`);
    const told = [`chaos failed: ${again}`, history.describe(), ...logs];
    throw new Error(told.join('\n'), { cause: error });
  } finally {
    crowd.leave();
    pages.close();
  }
  // Of a run in which nothing was promised nothing can be said.
  expect(history.publications.filter(({ takenAt }) => takenAt !== undefined).length).toBeGreaterThan(50);
  if (isLong) expect(history.promised).toBeGreaterThan(100);
  if (isLong) console.info(Object.fromEntries(troubles.counts), { promised: history.promised });
});
