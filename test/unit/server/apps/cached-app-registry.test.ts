/** Apps of a configuration and a store together: what is found, what is told, and what a store's absence changes. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { AppChanges } from '../../../../server/apps/app-registry.ts';
import { CachedAppRegistry } from '../../../../server/apps/cached-app-registry.ts';
import type { StoredCredential } from '../../../../server/apps/stored-app.ts';
import { appReader } from '../../../../server/config/app-reader.ts';
import { configFrom } from '../../../../server/config/parse.ts';
import { OccasionalLog } from '../../../../server/lib/occasional-log.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { MemoryAppStore } from '../../../support/memory-app-store.ts';

const config = configFrom({
  apps: [
    { id: 'fixed', key: 'fixed-key', secret: 'fixed-secret', push: { centrifugo: { apiKey: 'hush-hush' } } },
  ],
});

let clock: FakeClock;
let store: MemoryAppStore;
let registry: CachedAppRegistry;
let log: Array<[level: string, message: string, fields: object]>;
let told: AppChanges[];

const pair = (key: string, retiresAt?: number): StoredCredential => ({
  key,
  secret: `secret-of-${key}`,
  retiresAt,
});

async function put(id: string, credentials = [pair(`${id}-key`)], settings: object = {}, enabled = true) {
  const times = { createdAt: clock.now(), updatedAt: clock.now() };
  await store.change(id, () => ({ id, enabled, settings: { ...settings }, credentials, ...times }));
}

const ids = (): string[] => [...registry.all()].map(({ id }) => id);
/** What listeners heard: the ids of each list. */
const heard = () =>
  told.map(({ added, changed, removed }) => ({
    added: added.map(({ id }) => id),
    changed: changed.map(({ after }) => after.id),
    removed: removed.map(({ id }) => id),
  }));
async function start(): Promise<void> {
  await registry.start();
  registry.onChange((changes) => told.push(changes));
}

const settle = () => new Promise(setImmediate);

beforeEach(() => {
  clock = new FakeClock();
  store = new MemoryAppStore();
  log = [];
  told = [];
  const logger = {
    debug: (fields: object, message: string) => log.push(['debug', message, fields]),
    info: (fields: object, message: string) => log.push(['info', message, fields]),
    warn: (fields: object, message: string) => log.push(['warn', message, fields]),
    error: (fields: object, message: string) => log.push(['error', message, fields]),
  };
  const read = appReader(config, () => '');
  registry = new CachedAppRegistry(config.apps, {
    store,
    read,
    clock,
    log: new OccasionalLog(clock, logger),
    logger,
  });
});

describe('a registry over a store', () => {
  it('has the apps of both from the start', async () => {
    await put('stored', undefined, { limits: { connections: 7 } });
    await start();
    expect(ids()).toEqual(['fixed', 'stored']);
    expect(registry.byKey('stored-key')?.app.limits.connections).toBe(7);
    expect(registry.byKey('fixed-key')?.app.id).toBe('fixed');
  });

  it('tells what was added, changed and removed, after it answers with it', async () => {
    await start();
    const seen: unknown[] = [];
    registry.onChange(() => seen.push(registry.byId('a')?.enabled));
    await put('a');
    await registry.refresh();
    await put('a', undefined, {}, false);
    await put('b');
    await registry.refresh();
    await store.change('a', () => undefined);
    await registry.refresh();
    expect(heard()).toEqual([
      { added: ['a'], changed: [], removed: [] },
      { added: ['b'], changed: ['a'], removed: [] },
      { added: [], changed: [], removed: ['a'] },
    ]);
    expect(seen).toEqual([true, false, undefined]);
  });

  it('keeps the value of an app that did not change', async () => {
    await put('a');
    await start();
    const before = registry.byId('a');
    await put('b');
    await registry.refresh();
    expect(registry.byId('a')).toBe(before);
  });

  it('finds a change by itself within a second, with one question where nothing changed', async () => {
    await start();
    store.calls.length = 0;
    clock.advance(1000);
    await settle();
    expect(new Set(store.calls)).toEqual(new Set(['revision']));
    await put('a');
    clock.advance(1000);
    await settle();
    expect(ids()).toContain('a');
  });

  it('sees what was changed before a refresh was asked for, also while another one is under way', async () => {
    await start();
    const earlier = registry.refresh();
    await put('a');
    await Promise.all([earlier, registry.refresh(), registry.refresh()]);
    expect(ids()).toContain('a');
  });

  it('moves a key from one app to another in one step', async () => {
    await put('z', [pair('moving'), pair('z-stays')]);
    await start();
    await put('a', [pair('moving')]);
    await put('z', [pair('z-stays')]);
    await registry.refresh();
    expect(registry.byKey('moving')?.app.id).toBe('a');
    expect(registry.byKey('z-stays')?.app.id).toBe('z');
  });

  it('withdraws a key by itself when its time is over', async () => {
    await put('a', [pair('old', clock.now() + 60_000), pair('new')]);
    await start();
    expect(registry.byId('a')?.credentials.map(({ key }) => key)).toEqual(['old', 'new']);
    clock.advance(59_000);
    expect(registry.byKey('old')).toBeDefined();
    store.failure = new Error('away');
    clock.advance(2000);
    expect(registry.byKey('old')).toBeUndefined();
    expect(registry.byId('a')?.credentials.map(({ key }) => key)).toEqual(['new']);
    expect(heard()).toEqual([{ added: [], changed: ['a'], removed: [] }]);
  });
});

describe('a stored app of no use', () => {
  it('is left out and logged, without its secrets, and others are not', async () => {
    await put('bad', [pair('bad-key')], { limits: { connections: 'secret-text' }, nonsense: 1 });
    await put('good');
    await start();
    expect(ids()).toEqual(['fixed', 'good']);
    expect(log).toEqual([['error', 'stored app left out', expect.objectContaining({ appId: 'bad' })]]);
    expect(JSON.stringify(log)).toContain('limits.connections must be a whole number');
    expect(JSON.stringify(log)).toContain('nonsense is not a setting');
    expect(JSON.stringify(log)).not.toContain('secret-of');
  });

  it('goes when it becomes so, and comes back when it is right again', async () => {
    await put('a');
    await start();
    await put('a', undefined, { nonsense: 1 });
    await registry.refresh();
    expect(registry.byKey('a-key')).toBeUndefined();
    await put('a');
    await registry.refresh();
    expect(registry.byKey('a-key')?.app.id).toBe('a');
    expect(heard()).toEqual([
      { added: [], changed: [], removed: ['a'] },
      { added: ['a'], changed: [], removed: [] },
    ]);
  });

  it('never gets the better of the configuration', async () => {
    await put('fixed', [pair('other')]);
    await put('thief', [pair('fixed-key')]);
    await put('double', undefined, { push: { centrifugo: { apiKey: 'hush-hush' } } });
    await start();
    expect(ids()).toEqual(['fixed']);
    expect(registry.byKey('fixed-key')?.app).toBe(config.apps[0]);
    expect(registry.byKey('other')).toBeUndefined();
    expect(log.map(([, message]) => message)).toEqual(Array(3).fill('stored app left out'));
    expect(log[2]?.[2]).toEqual({
      appId: 'double',
      problems: ['has the push.centrifugo.apiKey, which an app of the configuration has'],
    });
  });
});

describe('a store that is away', () => {
  it('at the start is told to whoever starts', async () => {
    store.failure = new Error('no database');
    await expect(registry.start()).rejects.toThrow('no database');
  });

  it('later leaves the apps as they were, is logged once in a while, and is made up for', async () => {
    await put('a');
    await start();
    store.failure = new Error('no database');
    for (let look = 0; look < 4; look += 1) {
      clock.advance(500);
      await settle();
    }
    expect(ids()).toEqual(['fixed', 'a']);
    expect(log.map(([level]) => level)).toEqual(['warn']);
    store.failure = undefined;
    await put('b');
    clock.advance(500);
    await settle();
    expect(ids()).toEqual(['fixed', 'a', 'b']);
    expect(log.at(-1)?.slice(0, 2)).toEqual(['info', 'apps are read from the database again']);
  });

  it('is not asked any more after the stop', async () => {
    await start();
    await registry.stop();
    store.calls.length = 0;
    clock.advance(5000);
    await settle();
    expect(store.calls).toEqual([]);
  });
});
