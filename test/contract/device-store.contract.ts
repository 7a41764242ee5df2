/** What every DeviceStore promises; run by each implementation. */
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Device } from '../../server/push/device.ts';
import type { DeviceFilter, DeviceStore, Registration } from '../../server/push/device-store.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { ALL, BY_TOKEN, FRESH, registerMany, registration, type TestRegistry } from '../support/registry.ts';

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';

export function deviceStoreContract(create: () => TestRegistry): void {
  let registry: TestRegistry;
  let store: DeviceStore;
  let clock: FakeClock;
  let appId: string;
  beforeEach(() => {
    registry = create();
    ({ store, clock } = registry);
    appId = randomUUID();
  });

  const register = (token: string, changes: Partial<Registration> = {}) =>
    store.register(appId, registration(token, changes), BY_TOKEN);
  const given = (id: string, token: string, changes: Partial<Registration> = {}) =>
    store.register(appId, registration(token, changes), { kind: 'given', id });
  const listed = async (filter: DeviceFilter = {}) => (await store.list(appId, filter, ALL)).items;
  const ids = async (filter: DeviceFilter = {}) => (await listed(filter)).map(({ id }) => id);
  const channelsOf = async ({ id }: Device) => (await listed({ ids: [id] }))[0]?.channels;
  const interestsOf = async ({ id }: Device) => (await store.interests(appId, id, ALL))?.items;
  const bindingsOf = async (user: string) =>
    (await store.bindings(appId, { users: [user] }, ALL)).items.map(({ channel }) => channel);

  describe('registering', () => {
    it('keeps everything that is known of a device', async () => {
      const all = registration('t', {
        provider: 'apns',
        platform: 'ios',
        door: 'kinvey',
        user: 'zoë',
        meta: { a: 'b' },
        tags: { c: 'd' },
        details: { locale: 'pt-BR' },
      });
      const device = await store.register(appId, all, BY_TOKEN);
      const { interests: _, channels: __, ...rest } = all;
      const now = clock.now();
      expect(device).toEqual({ ...rest, id: device.id, appId, createdAt: now, updatedAt: now });
      expect(await store.find(appId, device.id)).toEqual(device);
      expect(await store.find('another app', device.id)).toBeUndefined();
    });

    it.each([
      ['fcm', 'fcm'],
      ['apns', 'apns'],
      ['hms', 'hms'],
      ['webpush', 'web'],
    ] as const)('gives a new device of %s an id of its own', async (provider, prefix) => {
      const device = await register('t', { provider });
      expect(device.id).toMatch(new RegExp(`^${prefix}-${UUID}$`));
    });

    it('takes an empty user for none', async () => {
      const device = await register('t', { user: '' });
      expect(device.user).toBeUndefined();
      expect(await ids({ users: [''] })).toEqual([]);
    });

    it('writes the whole state: what is left out is empty afterwards', async () => {
      const first = await register('t', {
        user: 'a',
        meta: { a: 'b' },
        tags: { c: 'd' },
        channels: ['news'],
        interests: ['donuts'],
      });
      clock.advance(5000);
      const again = await register('t');
      expect(again).toEqual({
        ...first,
        user: undefined,
        meta: {},
        tags: {},
        updatedAt: first.updatedAt + 5000,
      });
      expect(await channelsOf(again)).toEqual([]);
      expect(await interestsOf(again)).toEqual([]);
    });

    it('by token keeps the id of the device that has it', async () => {
      const first = await register('t', { door: 'beams' });
      const again = await register('t', { door: 'kinvey', user: '77' });
      expect(again).toMatchObject({ id: first.id, door: 'kinvey', user: '77' });
      expect(await ids()).toEqual([first.id]);
    });

    it('afresh gives a new id and forgets the device that had the token, its user and names', async () => {
      await store.changeBindings(appId, 'a', 'add', ['bound']);
      const first = await register('t', { user: 'a', channels: ['news'], interests: ['donuts'] });
      const again = await store.register(appId, registration('t', { door: 'beams' }), FRESH);
      expect(again.id).not.toBe(first.id);
      expect(again.user).toBeUndefined();
      expect(await ids()).toEqual([again.id]);
      expect(await channelsOf(again)).toEqual([]);
      expect(await interestsOf(again)).toEqual([]);
      expect(await bindingsOf('a')).toEqual(['bound']);
    });

    it('with a known id gives that device the token', async () => {
      const first = await register('old', { channels: ['news'] });
      const rotated = await given(first.id, 'new', { channels: ['news'] });
      expect(rotated).toMatchObject({ id: first.id, token: 'new', createdAt: first.createdAt });
      expect(await ids({ tokens: ['old'] })).toEqual([]);
      expect(await ids({ tokens: ['new'] })).toEqual([first.id]);
    });

    it('with a known id forgets another device that has the token', async () => {
      const first = await register('one');
      const other = await register('two', { user: 'a', channels: ['news'] });
      expect((await given(first.id, 'two')).id).toBe(first.id);
      expect(await store.find(appId, other.id)).toBeUndefined();
      expect(await ids({ channels: ['news'] })).toEqual([]);
    });

    it('with an id that is not known goes by the token', async () => {
      const unknown = `fcm-${randomUUID()}`;
      const device = await given(unknown, 't');
      expect(device.id).not.toBe(unknown);
      expect((await given(unknown, 't')).id).toBe(device.id);
    });

    it('with an id of another app goes by the token and leaves that app alone', async () => {
      const foreign = await store.register('another app', registration(appId), BY_TOKEN);
      const device = await given(foreign.id, 't');
      expect(device.id).not.toBe(foreign.id);
      expect(await store.find('another app', foreign.id)).toEqual(foreign);
    });

    it('knows a token once per app and provider', async () => {
      const fcm = await register('t');
      const hms = await register('t', { provider: 'hms' });
      const elsewhere = await store.register(`${appId}-2`, registration('t'), BY_TOKEN);
      expect(new Set([fcm.id, hms.id, elsewhere.id]).size).toBe(3);
    });

    it('knows a browser by its endpoint, and an APNs token in either case', async () => {
      const web = (auth: string) =>
        `{"endpoint":"https://push.example.com/1","keys":{"p256dh":"p","auth":"${auth}"}}`;
      const browser = await register(web('a'), { provider: 'webpush', platform: 'web' });
      const renewed = await register(web('b'), { provider: 'webpush', platform: 'web' });
      expect(renewed).toEqual({ ...browser, token: web('b') });
      expect(await ids({ tokens: [web('a')] })).toEqual([browser.id]);
      const phone = await register('abcdef01', { provider: 'apns', platform: 'ios' });
      expect(await ids({ tokens: ['ABCDEF01'] })).toEqual([phone.id]);
    });

    it('takes tokens and names of any length', async () => {
      const token = 'x'.repeat(10_000);
      const name = 'é'.repeat(120);
      const device = await register(token, { channels: [name] });
      expect(await ids({ tokens: [token] })).toEqual([device.id]);
      expect(await ids({ channels: [name] })).toEqual([device.id]);
    });

    it('of one token by many at once makes one device', async () => {
      const devices = await Promise.all(Array.from({ length: 8 }, () => register('t', { channels: ['c'] })));
      expect(new Set(devices.map(({ id }) => id)).size).toBe(1);
      expect(await ids()).toEqual([devices[0]?.id]);
    });

    it('of one token afresh by many at once leaves one of them', async () => {
      const devices = await Promise.all(
        Array.from({ length: 8 }, () =>
          store.register(appId, registration('t', { interests: ['i'] }), FRESH),
        ),
      );
      expect(new Set(devices.map(({ id }) => id)).size).toBe(8);
      expect(await ids()).toHaveLength(1);
    });

    it('of two devices that swap their tokens at once leaves no token twice', async () => {
      const one = await register('one');
      const two = await register('two');
      await Promise.all([given(one.id, 'two'), given(two.id, 'one')]);
      const left = await listed();
      expect(new Set(left.map(({ token }) => token)).size).toBe(left.length);
    });
  });

  describe('a new token', () => {
    it('changes nothing else, and forgets another device that had it', async () => {
      const device = await register('old', { user: 'u', channels: ['c'], interests: ['i'] });
      const other = await register('new');
      clock.advance(1);
      expect(await store.setToken(appId, device.id, 'new')).toBe(true);
      const changed = { ...device, token: 'new', updatedAt: clock.now() };
      expect(await listed()).toEqual([{ ...changed, channels: ['c'] }]);
      expect(await interestsOf(device)).toEqual(['i']);
      expect(await store.find(appId, other.id)).toBeUndefined();
    });

    it('may be the old one', async () => {
      const device = await register('t');
      expect(await store.setToken(appId, device.id, 't')).toBe(true);
      expect(await ids()).toEqual([device.id]);
    });

    it('of a device that is not there is none', async () => {
      const device = await register('t');
      expect(await store.setToken(appId, `fcm-${randomUUID()}`, 't')).toBe(false);
      expect(await store.setToken('another app', device.id, 'x')).toBe(false);
      expect(await listed()).toEqual([{ ...device, channels: [] }]);
    });
  });

  describe('bindings', () => {
    it('that are added reach every device the user has, without registering again', async () => {
      const devices = await registerMany(store, appId, 3, { user: '42' });
      const other = await register('other', { user: '43' });
      await store.changeBindings(appId, '42', 'add', ['user:42', 'vip']);
      for (const device of devices) expect(await channelsOf(device)).toEqual(['user:42', 'vip']);
      expect(await channelsOf(other)).toEqual([]);
      expect(await ids({ channels: ['user:42'] })).toEqual(devices.map(({ id }) => id).sort());
    });

    it('reach devices that come later, beside their own channels', async () => {
      await store.changeBindings(appId, '42', 'add', ['user:42']);
      const device = await register('t', { user: '42', channels: ['news', 'user:42'] });
      expect(await channelsOf(device)).toEqual(['news', 'user:42']);
    });

    it('that are removed leave an equal channel of the device itself', async () => {
      await store.changeBindings(appId, '42', 'add', ['both', 'bound']);
      const device = await register('t', { user: '42', channels: ['both'] });
      await store.changeBindings(appId, '42', 'remove', ['both', 'bound', 'unknown']);
      expect(await channelsOf(device)).toEqual(['both']);
      expect(await bindingsOf('42')).toEqual([]);
    });

    it('stay when the device leaves the channel by itself', async () => {
      await store.changeBindings(appId, '42', 'add', ['both']);
      const device = await register('t', { user: '42', channels: ['both'] });
      await store.update(appId, { ids: [device.id] }, { channels: { operation: 'set', channels: [] } });
      expect(await channelsOf(device)).toEqual(['both']);
    });

    it('that are set replace those before, and nothing clears them', async () => {
      const device = await register('t', { user: '42' });
      await store.changeBindings(appId, '42', 'set', ['a', 'b']);
      await store.changeBindings(appId, '42', 'set', ['b', 'c', 'c']);
      expect(await channelsOf(device)).toEqual(['b', 'c']);
      expect(await bindingsOf('42')).toEqual(['b', 'c']);
      await store.changeBindings(appId, '42', 'set', []);
      expect(await channelsOf(device)).toEqual([]);
      expect(await bindingsOf('42')).toEqual([]);
    });

    it('that are added twice are one', async () => {
      await store.changeBindings(appId, '42', 'add', ['a']);
      const [first] = (await store.bindings(appId, {}, ALL)).items;
      await store.changeBindings(appId, '42', 'add', ['a', 'a']);
      expect((await store.bindings(appId, {}, ALL)).items).toEqual([first]);
    });

    it('go with the old user and come with the new one', async () => {
      await store.changeBindings(appId, 'a', 'add', ['of-a', 'both']);
      await store.changeBindings(appId, 'b', 'add', ['of-b', 'both']);
      const device = await register('t', { user: 'a', channels: ['own'] });
      expect(await channelsOf(device)).toEqual(['both', 'of-a', 'own']);
      await store.update(appId, { ids: [device.id] }, { user: 'b' });
      expect(await channelsOf(device)).toEqual(['both', 'of-b', 'own']);
      await store.update(appId, { ids: [device.id] }, { user: '' });
      expect(await channelsOf(device)).toEqual(['own']);
      await register('t', { user: 'a' });
      expect(await channelsOf(device)).toEqual(['both', 'of-a']);
      await register('t', { user: 'b' });
      expect(await channelsOf(device)).toEqual(['both', 'of-b']);
    });

    it('stay for the next device when one is removed', async () => {
      await store.changeBindings(appId, '42', 'add', ['a']);
      const device = await register('t', { user: '42' });
      await store.remove(appId, { ids: [device.id] });
      expect(await channelsOf(await register('t', { user: '42' }))).toEqual(['a']);
    });

    it('are listed in the order they were made, by user, channel, prefix, page by page', async () => {
      await store.changeBindings(appId, 'a', 'add', ['news']);
      await store.changeBindings(appId, 'b', 'add', ['user:b']);
      await store.changeBindings(appId, 'a', 'add', ['user:a']);
      await store.changeBindings(`${appId}-2`, 'a', 'add', ['news']);
      const { items } = await store.bindings(appId, {}, ALL);
      expect(items.map(({ user, channel }) => [user, channel])).toEqual([
        ['a', 'news'],
        ['b', 'user:b'],
        ['a', 'user:a'],
      ]);
      const [news, ofB, ofA] = items;
      const found = async (filter: Parameters<DeviceStore['bindings']>[1]) => {
        const all = (await store.bindings(appId, filter, ALL)).items;
        expect(await store.countBindings(appId, filter)).toBe(all.length);
        return all;
      };
      expect(await found({ users: ['a'] })).toEqual([news, ofA]);
      expect(await found({ channels: ['news', 'user:b'] })).toEqual([news, ofB]);
      expect(await found({ channelPrefix: 'user:' })).toEqual([ofB, ofA]);
      expect(await found({ channelPrefix: 'user:', users: ['a'], channels: ['user:a', 'news'] })).toEqual([
        ofA,
      ]);
      expect(await found({ channelPrefix: 'User' })).toEqual([]);
      expect(await found({ channelPrefix: '%' })).toEqual([]);
      expect(await store.bindings(appId, {}, { after: undefined, limit: 2 })).toEqual({
        items: [news, ofB],
        hasMore: true,
      });
      expect(await store.bindings(appId, {}, { after: ofB?.id, limit: 2 })).toEqual({
        items: [ofA],
        hasMore: false,
      });
      await store.changeBindings(appId, 'b', 'set', []);
      expect(await store.bindings(appId, {}, { after: ofB?.id, limit: 2 })).toMatchObject({ items: [ofA] });
      expect(await store.bindings(appId, {}, { after: 'nonsense', limit: 2 })).toMatchObject({ items: [] });
    });

    it('and devices that come and go at the same time end up agreeing', async () => {
      const rounds = Array.from({ length: 12 }, (_, n) => n);
      const tasks = rounds.flatMap((n) => [
        register(`t-${n % 4}`, { user: n % 2 ? 'a' : 'b' }),
        store.changeBindings(appId, n % 2 ? 'a' : 'b', n % 3 ? 'add' : 'remove', [`c-${n % 5}`]),
        n % 3
          ? store.update(appId, { users: ['a'] }, { user: 'b' })
          : store.remove(appId, { tokens: [`t-${n % 4}`] }),
      ]);
      await Promise.all(tasks);
      for (const device of await listed()) {
        expect([...device.channels]).toEqual((await bindingsOf(device.user ?? '')).sort());
      }
    });
  });

  describe('updating', () => {
    it('changes every device that fits, notes when, and tells how many', async () => {
      const [one, two] = await registerMany(store, appId, 2, {
        user: 'a',
        meta: { x: '1' },
        channels: ['c'],
      });
      const other = await register('other');
      clock.advance(10);
      expect(await store.update(appId, { users: ['a'] }, { meta: { y: '2' } })).toBe(2);
      for (const before of [one, two]) {
        expect(await store.find(appId, before?.id ?? '')).toEqual({
          ...before,
          meta: { y: '2' },
          updatedAt: clock.now(),
        });
      }
      expect(await store.find(appId, other.id)).toEqual(other);
    });

    it('of nothing that fits changes nothing', async () => {
      await register('t');
      expect(await store.update(appId, { ids: ['unknown'] }, { user: 'x' })).toBe(0);
      expect(await store.update('another app', { tokens: ['t'] }, { user: 'x' })).toBe(0);
      expect(await ids({ users: ['x'] })).toEqual([]);
    });

    it('adds to, removes from and replaces tags; removing looks at the keys', async () => {
      const { id } = await register('t', { tags: { a: '1', b: '2' } });
      const tags = async (operation: 'add' | 'remove' | 'set', changed: Record<string, string>) => {
        await store.update(appId, { ids: [id] }, { tags: { operation, tags: changed } });
        return (await store.find(appId, id))?.tags;
      };
      expect(await tags('add', { b: '3', c: '4' })).toEqual({ a: '1', b: '3', c: '4' });
      expect(await tags('remove', { a: 'other', z: '' })).toEqual({ b: '3', c: '4' });
      expect(await tags('set', { d: '5' })).toEqual({ d: '5' });
    });

    it('adds to, removes from and replaces channels, never interests', async () => {
      const device = await register('t', { channels: ['a', 'b'], interests: ['a', 'i'] });
      const channels = async (operation: 'add' | 'remove' | 'set', names: string[]) => {
        await store.update(appId, { ids: [device.id] }, { channels: { operation, channels: names } });
        return channelsOf(device);
      };
      expect(await channels('add', ['b', 'c'])).toEqual(['a', 'b', 'c']);
      expect(await channels('remove', ['a', 'z'])).toEqual(['b', 'c']);
      expect(await channels('set', ['d', 'c'])).toEqual(['c', 'd']);
      expect(await channels('set', [])).toEqual([]);
      expect(await interestsOf(device)).toEqual(['a', 'i']);
    });

    it('replaces details by name, and drops those that become empty', async () => {
      const { id } = await register('t', { details: { locale: 'pt', framework: 'x' } });
      await store.update(appId, { ids: [id] }, { details: { locale: '', timezone: 'Europe/Lisbon' } });
      expect((await store.find(appId, id))?.details).toEqual({ framework: 'x', timezone: 'Europe/Lisbon' });
    });

    it('reaches more devices than fit a step', async () => {
      await registerMany(store, appId, 520, { user: 'a' });
      expect(await store.update(appId, { users: ['a'] }, { user: 'b' })).toBe(520);
      expect(await store.remove(appId, { users: ['b'] })).toBe(520);
      expect(await ids()).toEqual([]);
    });
  });

  describe('removing', () => {
    it('takes the device and its names, and tells how many', async () => {
      const device = await register('t', { channels: ['c'] });
      await register('other');
      expect(await store.remove(appId, { providerTokens: [{ provider: 'fcm', tokens: ['t', 'x'] }] })).toBe(
        1,
      );
      expect(await store.find(appId, device.id)).toBeUndefined();
      expect(await ids({ channels: ['c'] })).toEqual([]);
      expect(await store.remove(appId, { ids: [device.id] })).toBe(0);
    });

    it('of a device with a dead token needs the token to be the one that died', async () => {
      const { id } = await register('t');
      expect(await store.removeDead(appId, id, 'older')).toBe(false);
      expect(await store.removeDead('another app', id, 't')).toBe(false);
      expect(await ids()).toEqual([id]);
      expect(await store.removeDead(appId, id, 't')).toBe(true);
      expect(await ids()).toEqual([]);
      expect(await store.removeDead(appId, id, 't')).toBe(false);
    });

    it('of what was not heard of for long spares what was registered or changed since', async () => {
      await registerMany(store, appId, 3, { token: 'old' });
      const touched = await register('touched');
      clock.advance(1000);
      await store.changeInterests(appId, touched.id, 'add', ['i'], 10);
      const registered = await register('new');
      const before = clock.now();
      expect(await store.removeInactive(before)).toBeGreaterThanOrEqual(3);
      expect(await ids()).toEqual([touched.id, registered.id].sort());
      expect(await store.removeInactive(before)).toBe(0);
    });
  });

  describe('the user of a device', () => {
    it('can be set once', async () => {
      await store.changeBindings(appId, 'a', 'add', ['of-a']);
      const device = await register('t', { channels: ['own'] });
      clock.advance(1);
      expect(await store.setUser(appId, device.id, 'a', 100)).toBe('done');
      expect(await store.find(appId, device.id)).toMatchObject({ user: 'a', updatedAt: clock.now() });
      expect(await channelsOf(device)).toEqual(['of-a', 'own']);
      expect(await store.setUser(appId, device.id, 'a', 100)).toBe('done');
      expect(await store.setUser(appId, device.id, 'b', 100)).toBe('other user');
      expect(await store.find(appId, device.id)).toMatchObject({ user: 'a' });
    });

    it('needs a device', async () => {
      const device = await register('t');
      expect(await store.setUser(appId, 'fcm-unknown', 'a', 100)).toBe('no device');
      expect(await store.setUser('another app', device.id, 'a', 100)).toBe('no device');
    });

    it('has so many devices of a platform at most, other platforms and other doors aside', async () => {
      await registerMany(store, appId, 2, { user: 'a' });
      await register('phone', { user: 'a', provider: 'apns', platform: 'ios' });
      const third = await register('third');
      expect(await store.setUser(appId, third.id, 'a', 2)).toBe('too many devices');
      expect(await store.setUser(appId, third.id, 'a', 3)).toBe('done');
      await registerMany(store, appId, 5, { user: 'a', token: 'more' });
      const last = await register('last');
      expect(await store.setUser(appId, last.id, 'a', 3)).toBe('too many devices');
      expect(await store.setUser(appId, last.id, 'a', 0)).toBe('done');
    });

    it('is refused the 101st device of a platform by one door and given it by another', async () => {
      await registerMany(store, appId, 100, { user: '42' });
      const { id } = await register('101');
      expect(await store.setUser(appId, id, '42', 100)).toBe('too many devices');
      await store.update(appId, { ids: [id] }, { user: '42' });
      expect(await ids({ users: ['42'] })).toHaveLength(101);
    });

    it('never gets more than the limit by many that ask at once', async () => {
      const devices = await registerMany(store, appId, 12);
      const results = await Promise.all(devices.map(({ id }) => store.setUser(appId, id, 'a', 5)));
      expect(results.filter((result) => result === 'done')).toHaveLength(5);
      expect(results.filter((result) => result === 'too many devices')).toHaveLength(7);
      expect(await ids({ users: ['a'] })).toHaveLength(5);
    });

    it('that is removed takes devices, bindings and what others keep of the name', async () => {
      await store.changeBindings(appId, '42', 'add', ['a']);
      await registerMany(store, appId, 3, { user: '42', channels: ['c'] });
      const other = await register('other', { user: '43', channels: ['c'] });
      await store.removeUser(appId, '42');
      expect(await ids({ users: ['42'] })).toEqual([]);
      expect(await ids({ channels: ['a', 'c'] })).toEqual([other.id]);
      expect(await bindingsOf('42')).toEqual([]);
      expect(registry.erased).toEqual([`${appId} 42`]);
      await store.removeUser(appId, 'unknown');
      expect(await ids()).toEqual([other.id]);
    });
  });

  describe('interests', () => {
    it('are added, removed and replaced', async () => {
      const device = await register('t', { interests: ['a', 'b'] });
      const change = async (operation: 'add' | 'remove' | 'set', names: string[]) => {
        expect(await store.changeInterests(appId, device.id, operation, names, 5000)).toBe('done');
        return interestsOf(device);
      };
      expect(await change('add', ['c', 'a'])).toEqual(['a', 'b', 'c']);
      expect(await change('remove', ['a', 'unknown'])).toEqual(['b', 'c']);
      expect(await change('set', ['c', 'd', 'd'])).toEqual(['c', 'd']);
      expect(await change('set', [])).toEqual([]);
    });

    it('come in the order of their bytes, page by page', async () => {
      const inOrder = ['-', '1', '=', 'A', 'Z', '_', 'a', 'b'];
      const { id } = await register('t', { interests: [...inOrder].reverse() });
      const page = (after: string | undefined) => store.interests(appId, id, { after, limit: 5 });
      expect(await page(undefined)).toEqual({ items: inOrder.slice(0, 5), hasMore: true });
      expect(await page('Z')).toEqual({ items: inOrder.slice(5), hasMore: false });
      expect(await page('Y')).toEqual({ items: inOrder.slice(4), hasMore: false });
    });

    it('of no device are none', async () => {
      const { id } = await register('t');
      expect(await store.interests('another app', id, ALL)).toBeUndefined();
      expect(await store.changeInterests('another app', id, 'add', ['a'], 10)).toBe('no device');
    });

    it('are 5,000 at most, and a set too large changes nothing', async () => {
      const names = Array.from({ length: 5000 }, (_, n) => `interest-${n}`);
      const { id } = await register('t');
      const change = (operation: 'add' | 'remove' | 'set', changed: string[]) =>
        store.changeInterests(appId, id, operation, changed, 5000);
      expect(await change('set', [...names, 'one more'])).toBe('too many');
      expect((await store.interests(appId, id, ALL))?.items).toEqual([]);
      expect(await change('set', names)).toBe('done');
      expect(await change('add', ['interest-7'])).toBe('done');
      expect(await change('add', ['one more'])).toBe('too many');
      expect(await change('remove', ['interest-7'])).toBe('done');
      expect(await change('add', ['one more'])).toBe('done');
      const page = await store.interests(appId, id, { after: 'interest-999', limit: 2 });
      expect(page).toEqual({ items: ['one more'], hasMore: false });
    });

    it('stay within the limit when many are added at once', async () => {
      const device = await register('t');
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, n) => store.changeInterests(appId, device.id, 'add', [`i-${n}`], 4)),
      );
      expect(results.filter((result) => result === 'done')).toHaveLength(4);
      expect(await interestsOf(device)).toHaveLength(4);
    });

    it('and channels are two spaces', async () => {
      const device = await register('t', { interests: ['a'], channels: ['b'] });
      expect(await ids({ channels: ['a'] })).toEqual([]);
      expect(await channelsOf(device)).toEqual(['b']);
      expect(await interestsOf(device)).toEqual(['a']);
    });
  });

  describe('a shared name', () => {
    beforeEach(() => {
      registry.sharedNames = ['news', 'open-*'];
    });

    it('is one group, whichever door writes it', async () => {
      const byInterest = await register('i', { interests: ['news', 'private'] });
      const byChannel = await register('c', { channels: ['open-1', 'closed'] });
      expect(await ids({ channels: ['news'] })).toEqual([byInterest.id]);
      expect(await channelsOf(byInterest)).toEqual(['news']);
      expect(await channelsOf(byChannel)).toEqual(['closed', 'open-1']);
      expect(await interestsOf(byChannel)).toEqual(['open-1']);
      await store.update(
        appId,
        { ids: [byInterest.id] },
        { channels: { operation: 'remove', channels: ['news'] } },
      );
      expect(await interestsOf(byInterest)).toEqual(['private']);
      await store.changeInterests(appId, byChannel.id, 'remove', ['open-1', 'closed'], 10);
      expect(await channelsOf(byChannel)).toEqual(['closed']);
    });

    it('goes when either door replaces its names', async () => {
      const device = await register('t', { interests: ['news', 'i'], channels: ['open-1', 'c'] });
      await store.update(
        appId,
        { ids: [device.id] },
        { channels: { operation: 'set', channels: ['open-1'] } },
      );
      expect(await channelsOf(device)).toEqual(['open-1']);
      expect(await interestsOf(device)).toEqual(['i', 'open-1']);
      await store.changeInterests(appId, device.id, 'set', [], 10);
      expect(await channelsOf(device)).toEqual([]);
    });

    it('that a user is bound to is no interest of the device', async () => {
      const device = await register('t', { user: 'u' });
      await store.changeBindings(appId, 'u', 'add', ['news']);
      expect(await channelsOf(device)).toEqual(['news']);
      expect(await interestsOf(device)).toEqual([]);
      await store.changeInterests(appId, device.id, 'set', [], 10);
      expect(await channelsOf(device)).toEqual(['news']);
      await store.changeBindings(appId, 'u', 'set', []);
      expect(await channelsOf(device)).toEqual([]);
    });

    it('was a channel before it was shared, and is found and removed all the same', async () => {
      registry.sharedNames = [];
      const device = await register('t', { channels: ['news'] });
      registry.sharedNames = ['news'];
      expect(await ids({ channels: ['news'] })).toEqual([device.id]);
      await store.changeInterests(appId, device.id, 'remove', ['news'], 10);
      expect(await ids({ channels: ['news'] })).toEqual([]);
    });

    it('must be legal as an interest', async () => {
      registry.sharedNames = ['*'];
      const device = await register('t', { channels: ['news:eu', 'news'] });
      expect(await interestsOf(device)).toEqual(['news']);
      expect(await channelsOf(device)).toEqual(['news', 'news:eu']);
    });
  });

  describe('listing', () => {
    it('finds by each field, and by all of them together', async () => {
      const [fcm, hms, apns] = await Promise.all([
        register('1', { user: 'a', channels: ['c', 'd'] }),
        register('2', { user: 'b', provider: 'hms', channels: ['c'] }),
        register('3', { user: 'a', provider: 'apns', platform: 'ios' }),
      ]);
      await store.register(`${appId}-2`, registration('1', { user: 'a', channels: ['c'] }), BY_TOKEN);
      const found = async (filter: DeviceFilter) => {
        const all = await ids(filter);
        expect(await store.count(appId, filter)).toBe(all.length);
        return all.sort();
      };
      const some = (...devices: Device[]) => devices.map(({ id }) => id).sort();
      expect(await found({})).toEqual(some(fcm, hms, apns));
      expect(await found({ ids: [fcm.id, apns.id, 'unknown'] })).toEqual(some(fcm, apns));
      expect(await found({ users: ['a', 'z'] })).toEqual(some(fcm, apns));
      expect(await found({ providers: ['fcm', 'hms'] })).toEqual(some(fcm, hms));
      expect(await found({ platforms: ['ios', 'web'] })).toEqual(some(apns));
      expect(await found({ channels: ['c', 'd', 'c'] })).toEqual(some(fcm, hms));
      expect(await found({ tokens: ['1', '2'] })).toEqual(some(fcm, hms));
      expect(await found({ providerTokens: [{ provider: 'fcm', tokens: ['1', '2'] }] })).toEqual(some(fcm));
      expect(await found({ users: ['a'], channels: ['c'] })).toEqual(some(fcm));
      expect(await found({ users: ['b'], channels: ['d'] })).toEqual([]);
      expect(await found({ ids: [hms.id], channels: ['c'], platforms: ['android'] })).toEqual(some(hms));
      expect(await found({ ids: [] })).toEqual([]);
      expect(await found({ channels: [] })).toEqual([]);
      expect(await found({ users: ["a' or '1'='1"] })).toEqual([]);
    });

    it('pages 250 devices by hundreds, none twice, while others come and go', async () => {
      const all = await registerMany(store, appId, 250, { channels: ['c'] });
      const sizes: unknown[] = [];
      const seen: string[] = [];
      let after: string | undefined;
      for (let more = true; more; ) {
        const page = await store.list(appId, { channels: ['c'] }, { after, limit: 100 });
        sizes.push([page.items.length, page.hasMore]);
        seen.push(...page.items.map(({ id }) => id));
        // What was seen goes, what comes lies behind: neither shifts the pages.
        await store.remove(appId, { ids: page.items.slice(-1).map(({ id }) => id) });
        await register(`late-${seen.length}`, { channels: ['other'] });
        after = seen.at(-1);
        more = page.hasMore;
      }
      expect(sizes).toEqual([
        [100, true],
        [100, true],
        [50, false],
      ]);
      expect(seen).toEqual(all.map(({ id }) => id).sort());
    });

    it('of a channel with another field finds the few among the many', async () => {
      await registerMany(store, appId, 60, { channels: ['c'] });
      const rare = await registerMany(store, appId, 3, { channels: ['c'], token: 'rare', provider: 'hms' });
      const first = await store.list(
        appId,
        { channels: ['c'], providers: ['hms'] },
        { after: undefined, limit: 2 },
      );
      expect(first.hasMore).toBe(true);
      const after = first.items.at(-1)?.id;
      const rest = await store.list(appId, { channels: ['c'], providers: ['hms'] }, { after, limit: 2 });
      expect(rest.hasMore).toBe(false);
      expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(rare.map(({ id }) => id).sort());
    });
  });
}
