/** What every Audience promises; run by each implementation. */
import { randomUUID } from 'node:crypto';
import { beforeEach, expect, it } from 'vitest';
import type { Device } from '../../server/push/device.ts';
import type { DeviceFilter, Registration } from '../../server/push/device-store.ts';
import { BY_TOKEN, reached, registerMany, registration, type TestRegistry } from '../support/registry.ts';

export function audienceContract(create: () => TestRegistry): void {
  let registry: TestRegistry;
  let appId: string;
  beforeEach(() => {
    registry = create();
    appId = randomUUID();
  });
  const register = (token: string, changes: Partial<Registration> = {}) =>
    registry.store.register(appId, registration(token, changes), BY_TOKEN);
  const inOrder = (devices: readonly Device[]) => devices.map(({ id }) => id).sort();

  it('has each device once, however many of the names lead to it', async () => {
    const interests = ['a', 'b', 'c'];
    const three = await register('1', { interests });
    const one = await register('2', { interests: ['b'] });
    await register('3', { interests: ['d'], channels: ['a'] });
    expect(await reached(registry, appId, { kind: 'interests', interests })).toEqual(inOrder([three, one]));
    expect(await reached(registry, appId, { kind: 'interests', interests: ['a', 'a'] })).toEqual([three.id]);
    expect(await reached(registry, appId, { kind: 'interests', interests: ['unknown'] })).toEqual([]);
  });

  it('has listeners to a channel, by themselves or by their users, once', async () => {
    await registry.store.changeBindings(appId, 'u', 'add', ['c']);
    const both = await register('1', { user: 'u', channels: ['c'] });
    const bound = await register('2', { user: 'u' });
    const own = await register('3', { channels: ['c'] });
    await register('4', { interests: ['c'] });
    expect(await reached(registry, appId, { kind: 'channels', channels: ['c'] })).toEqual(
      inOrder([both, bound, own]),
    );
  });

  it('a binding that is added reaches the devices the user has', async () => {
    const devices = await registerMany(registry.store, appId, 3, { user: 'u' });
    expect(await reached(registry, appId, { kind: 'channels', channels: ['c'] })).toEqual([]);
    await registry.store.changeBindings(appId, 'u', 'add', ['c']);
    expect(await reached(registry, appId, { kind: 'channels', channels: ['c'] })).toEqual(inOrder(devices));
  });

  it('has devices that fit a filter in all its fields, page by page', async () => {
    const both = await register('1', { user: 'u', channels: ['c'] });
    const other = await register('2', { user: 'u', channels: ['c'], platform: 'web' });
    await register('3', { user: 'v', channels: ['c'] });
    const last = await register('4', { user: 'u' });
    const reach = (filter: DeviceFilter) => reached(registry, appId, { kind: 'filter', filter });
    expect(await reach({ users: ['u'], channels: ['c'] })).toEqual(inOrder([both, other]));
    expect(await reach({ users: ['u'], channels: ['c'], platforms: ['android'] })).toEqual([both.id]);
    expect(await reach({ users: ['u'] })).toEqual(inOrder([both, other, last]));
  });

  it('a shared name reaches what either door wrote; without sharing it reaches nobody of the other', async () => {
    const web = await register('w', {
      provider: 'webpush',
      platform: 'web',
      door: 'beams',
      interests: ['news'],
    });
    const phone = await register('p', { channels: ['news'] });
    const channels = { kind: 'channels', channels: ['news'] } as const;
    expect(await reached(registry, appId, channels)).toEqual([phone.id]);
    registry.sharedNames = ['news'];
    expect(await reached(registry, appId, channels)).toEqual(inOrder([web, phone]));
    expect(await reached(registry, appId, { kind: 'interests', interests: ['news'] })).toEqual(
      inOrder([web, phone]),
    );
  });

  it('has all devices of users, whichever door they came by', async () => {
    const a = await register('1', { user: 'a', door: 'kinvey' });
    const b = await register('2', { user: 'b' });
    await register('3', { user: 'c' });
    await register('4');
    const users = ['a', 'b', 'nobody'];
    expect(await reached(registry, appId, { kind: 'users', users })).toEqual(inOrder([a, b]));
  });

  it('has devices by their ids, and all of the app', async () => {
    const [one, two, three] = await registerMany(registry.store, appId, 3);
    if (one === undefined || two === undefined || three === undefined)
      throw new Error('three were registered');
    const other = await registry.store.register(`${appId}-2`, registration('other'), BY_TOKEN);
    const ids = [two.id, one.id, two.id, other.id, 'unknown'];
    expect(await reached(registry, appId, { kind: 'devices', ids })).toEqual(inOrder([one, two]));
    expect(await reached(registry, appId, { kind: 'all' })).toEqual(inOrder([one, two, three]));
    const byIds = await registry.audience.byIds(appId, ids);
    expect(byIds.map(({ id }) => id).sort()).toEqual(inOrder([one, two]));
  });

  it('tells what sending takes', async () => {
    const { id } = await register('t', { user: 'u', door: 'beams', channels: ['c'] });
    const expected = { id, token: 't', provider: 'fcm', platform: 'android', user: 'u', door: 'beams' };
    expect(await registry.audience.byIds(appId, [id])).toEqual([expected]);
    const query = { createdUntil: registry.clock.now(), after: undefined, limit: 10 };
    const page = await registry.audience.devicesOf(appId, { kind: 'channels', channels: ['c'] }, query);
    expect(page).toEqual({ items: [expected], next: undefined });
  });

  it.each([
    ['interests', { kind: 'interests', interests: ['i', 'j'] }],
    ['users', { kind: 'users', users: ['u'] }],
    ['the app', { kind: 'all' }],
  ] as const)('comes in pages of any size, by %s', async (_, target) => {
    const devices = await registerMany(registry.store, appId, 25, { user: 'u', interests: ['i', 'j'] });
    for (const limit of [1, 4, 5, 24, 25, 26]) {
      expect(await reached(registry, appId, target, { limit })).toEqual(inOrder(devices));
    }
  });

  it.each([
    ['interests', { kind: 'interests', interests: ['i'] }],
    ['users', { kind: 'users', users: ['u'] }],
    ['the app', { kind: 'all' }],
  ] as const)('leaves out devices made later, and finds those behind them, by %s', async (_, target) => {
    const changes = { user: 'u', interests: ['i'] };
    const early = await registerMany(registry.store, appId, 5, changes);
    const createdUntil = registry.clock.now();
    registry.clock.advance(1);
    await registerMany(registry.store, appId, 15, { ...changes, token: 'late' });
    await register('token-0', changes);
    expect(await reached(registry, appId, target, { limit: 2, createdUntil })).toEqual(inOrder(early));
  });

  it('of more names than one statement takes is whole and in order', async () => {
    const names = Array.from({ length: 650 }, (_, n) => `name-${n}`);
    const devices = await Promise.all(
      [0, 99, 100, 333, 500, 649].map((n) => register(`t-${n}`, { channels: [`name-${n}`, 'name-7'] })),
    );
    expect(await reached(registry, appId, { kind: 'channels', channels: names }, { limit: 4 })).toEqual(
      inOrder(devices),
    );
  });
}
