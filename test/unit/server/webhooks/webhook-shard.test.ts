/** A shard when time and the store are ours: who may deliver, and from when on not any more. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../../../server/lib/clock.ts';
import { OccasionalLog } from '../../../../server/lib/occasional-log.ts';
import { Unavailable } from '../../../../server/lib/unavailable.ts';
import { Counters } from '../../../../server/telemetry/counters.ts';
import type { Entry } from '../../../../server/webhooks/shard-entry.ts';
import type {
  Read,
  ReadByAnother,
  ReadRequest,
  Settlement,
  ShardStore,
} from '../../../../server/webhooks/shard-store.ts';
import type { StoredEvent } from '../../../../server/webhooks/stored-event.ts';
import { WebhookShard } from '../../../../server/webhooks/webhook-shard.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { silentLogger } from '../../../support/silent-logger.ts';

const REQUEST_MS = 4000;
const stored = (entry: string): StoredEvent => ({
  entry,
  appId: '1',
  kind: 'cache_miss',
  only: undefined,
  done: [],
  event: { id: `id-${entry}`, channel: 'c', at: 0, json: '{}' },
});

/** Holds what it is given until it is settled, for one node unless told otherwise. */
class FakeStore implements ShardStore {
  readonly leaseMs = 10_000;
  events: StoredEvent[] = [];
  readonly reads: ReadRequest[] = [];
  readonly settlements: Settlement[] = [];
  another = false;
  away = false;
  #wake: () => void = () => undefined;
  #mine = false;

  async read(request: ReadRequest): Promise<Read | ReadByAnother> {
    this.reads.push(request);
    if (this.away) throw new Unavailable('away', 'no');
    if (this.another) {
      this.#mine = false;
      return { by: 'another', freeInMs: 5000 };
    }
    const after = this.#mine ? (request.after ?? '') : '';
    const events = this.events.filter(({ entry }) => entry > after);
    const nobody = events.length === 0 && !request.busy;
    const by = nobody ? 'nobody' : this.#mine ? 'same' : 'new';
    this.#mine = !nobody;
    const last = events.at(-1)?.entry;
    const none = {
      spilled: [],
      lastSpilled: undefined,
      lost: 0,
      nextDueInMs: undefined,
      lapsedFrom: undefined,
    };
    return { ...none, by, events, last, more: false };
  }

  async settle(settlement: Settlement): Promise<boolean> {
    if (this.away) throw new Unavailable('away', 'no');
    this.settlements.push(settlement);
    this.events = this.events.filter(({ entry }) => !settlement.settled.includes(entry));
    if (settlement.after === 'keep' || (settlement.after === 'idle' && this.events.length > 0)) return false;
    this.#mine = false;
    return true;
  }

  async hasWork(): Promise<boolean> {
    return this.events.length > 0;
  }

  watch(_shard: number, listener: () => void): void {
    this.#wake = listener;
    listener();
  }

  unwatch(): void {
    this.#wake = () => undefined;
  }

  add(entry: string): void {
    this.events.push(stored(entry));
    this.#wake();
  }
}

let clock: FakeClock;
/** Milliseconds that passed while the process was stopped: the time is later, and no timer has fired. */
let asleepMs: number;
let store: FakeStore;
/** Until when nobody takes the node for dead. */
let membership: { safeUntil: number };
let delivered: Entry[];
let shard: WebhookShard;
const entries = (): string[] => delivered.map(({ stored: { entry } }) => entry);
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
};
const advance = async (ms: number): Promise<void> => {
  clock.advance(ms);
  await settled();
};
function last(): Entry {
  const entry = delivered.at(-1);
  if (entry === undefined) throw new Error('nothing was delivered');
  return entry;
}

beforeEach(async () => {
  clock = new FakeClock();
  asleepMs = 0;
  const sleepy: Clock = {
    now: () => clock.now() + asleepMs,
    pause: (ms) => clock.pause(ms),
    after: (ms, task) => clock.after(ms, task),
    every: (ms, task) => clock.every(ms, task),
  };
  store = new FakeStore();
  delivered = [];
  const receiver = {
    endpointsOf: () => ['x', 'y'],
    deliver: (entry: Entry) => {
      delivered.push(entry);
    },
    bury: () => undefined,
    forget: () => undefined,
  };
  const log = new OccasionalLog(clock, silentLogger);
  membership = { safeUntil: Number.POSITIVE_INFINITY };
  const counters = new Counters();
  const ports = { store, membership, receiver, clock: sleepy, counters, log, logger: silentLogger };
  shard = new WebhookShard(7, REQUEST_MS, ports);
  shard.assign(true);
  await settled();
  store.add('1');
  await settled();
});

describe('a shard', () => {
  it('is kept while something of it is not settled, and given up when nothing is', async () => {
    for (let n = 0; n < 10; n += 1) await advance(5000);
    expect(shard.holds(last())).toBe(true);
    expect(entries()).toEqual(['1']);
    shard.had(last(), 'x');
    await settled();
    expect(store.settlements.at(-1)).toMatchObject({
      settled: [],
      progress: new Map([['1', ['x']]]),
      after: 'keep',
    });
    shard.had(last(), 'y');
    await settled();
    expect(store.settlements.at(-1)).toMatchObject({ settled: ['1'], after: 'idle' });
    const reads = store.reads.length;
    await advance(60_000);
    expect(store.reads).toHaveLength(reads);
  });

  it('may be delivered until a request might outlast the lease', async () => {
    store.away = true;
    await advance(5999);
    expect(shard.holds(last())).toBe(true);
    await advance(2);
    expect(shard.holds(last())).toBe(false);
  });

  it('is begun anew after a sleep longer than the lease: what was read before may be another node’s', async () => {
    const before = last();
    asleepMs = 60_000;
    expect(shard.holds(before)).toBe(false);
    await advance(1000);
    expect(entries()).toEqual(['1', '1']);
    expect(shard.holds(last())).toBe(true);
    expect(shard.holds(before)).toBe(false);
  });

  it('is not delivered by a node that may be taken for dead, whatever its lease says', async () => {
    membership.safeUntil = clock.now() + 1000;
    expect(shard.holds(last())).toBe(true);
    asleepMs = 1000;
    expect(shard.holds(last())).toBe(false);
    membership.safeUntil = clock.now() + 9000;
    await advance(1000);
    expect(entries()).toEqual(['1', '1']);
    expect(shard.holds(last())).toBe(true);
  });

  it('that another has is not delivered, and asked for again when it may be free', async () => {
    store.another = true;
    store.add('2');
    await settled();
    expect(shard.holds(last())).toBe(false);
    store.another = false;
    await advance(5001);
    expect(entries()).toEqual(['1', '1', '2']);
  });

  it('forgets nothing that was delivered while the store was away', async () => {
    store.away = true;
    shard.had(last(), 'x');
    shard.had(last(), 'y');
    await settled();
    await advance(20_000);
    store.away = false;
    store.add('2');
    await advance(1000);
    expect(entries()).toEqual(['1', '2']);
    expect(store.settlements.flatMap(({ settled: done }) => done)).toEqual(['1']);
  });

  it('is left to another when nothing of it can be under way any more', async () => {
    shard.assign(false);
    expect(shard.holds(last())).toBe(false);
    await advance(REQUEST_MS - 1);
    expect(store.settlements).toEqual([]);
    await advance(1);
    expect(store.settlements).toMatchObject([{ settled: [], after: 'leave' }]);
  });
});
