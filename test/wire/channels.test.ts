/** What a channel's name says about it, and which names there are. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { trigger } from '../support/api.ts';
import { quietApp } from '../support/apps.ts';
import { channelAuth } from '../support/auth.ts';
import { cacheMiss, expectRefused, opened, succeeded, whole, wholeAll } from '../support/frames.ts';
import { joinPresence } from '../support/joining.ts';
import { RawClient } from '../support/raw-client.ts';
import { useServer, withServer } from '../support/use-server.ts';

const server = useServer({ apps: [quietApp()] });
let client: RawClient;

beforeEach(async () => {
  client = await RawClient.connect(server());
});
afterEach(async () => {
  await client.close();
});

const send = (channel: string, auth?: string): void =>
  client.send({ event: 'pusher:subscribe', data: auth === undefined ? { channel } : { channel, auth } });
const signed = (channel: string): string => channelAuth(server().app, client.socketId, channel);

describe('a public channel', () => {
  it.each([
    'news',
    'private',
    'privateer',
    'privatex-1',
    'my-private-x',
    'presence',
    'presenceroom',
    'presences-1',
    'xpresence-1',
    'Private-x',
    'PRIVATE-x',
    'Presence-x',
    '-private-x',
    'cache',
    'cachex',
    'Cache-x',
    'xcache-1',
    'encrypted-x',
    'private_x',
    'private=x',
    'server-to-user-1',
    'a',
    '-',
    '_',
    '0',
  ])('is joined without a signature and has no cache: %s', async (channel) => {
    send(channel);
    expect(wholeAll(await client.barrier())).toEqual([succeeded(channel)]);
  });

  it.each(['cache-x', 'cache-', 'cache-private-x', 'cache-presence-x', 'cache-cache-x'])(
    'has a cache when its name begins so: %s',
    async (channel) => {
      send(channel);
      expect(wholeAll(await client.barrier())).toEqual([succeeded(channel), cacheMiss(channel)]);
    },
  );
});

describe('a private channel', () => {
  const plain = [
    'private-x',
    'private-private-x',
    'private-presence-x',
    'private-encrypted',
    'private-encryptedx',
    'private-cache',
    'private-cachex',
    'private-Encrypted-x',
    'private-encrypted-x',
    'private-encrypted-cache',
    'private-encrypted-cachex',
    'private-x-cache-y',
  ];
  const cached = ['private-cache-x', 'private-encrypted-cache-x', 'private-cache-encrypted-x'];

  it.each([...plain, ...cached])('is refused without a signature: %s', async (channel) => {
    send(channel);
    await expectRefused(client, channel, 'AuthError', 401);
    expect(await client.barrier()).toEqual([]);
  });

  it.each(plain)('is joined with one and has no cache: %s', async (channel) => {
    send(channel, signed(channel));
    expect(wholeAll(await client.barrier())).toEqual([succeeded(channel)]);
  });

  it.each(cached)('has a cache when its name begins so: %s', async (channel) => {
    send(channel, signed(channel));
    expect(wholeAll(await client.barrier())).toEqual([succeeded(channel), cacheMiss(channel)]);
  });
});

describe('a presence channel', () => {
  const plain = [
    'presence-x',
    'presence-private-x',
    'presence-encrypted-x',
    'presence-cache',
    'presence-cachex',
  ];
  const roster = { presence: { count: 1, ids: ['7'], hash: { '7': null } } };

  it.each(plain)('has members and no cache: %s', async (channel) => {
    const success = await joinPresence(client, server().app, channel, { user_id: '7' });
    expect(opened(success)['data']).toEqual(roster);
    expect(await client.barrier()).toEqual([]);
  });

  it('has members and a cache when its name begins so', async () => {
    const channel = 'presence-cache-x';
    const success = await joinPresence(client, server().app, channel, { user_id: '7' });
    expect(opened(success)['data']).toEqual(roster);
    expect(wholeAll(await client.barrier())).toEqual([cacheMiss(channel)]);
  });

  it.each([...plain, 'presence-cache-x'])('is refused without a signature: %s', async (channel) => {
    send(channel);
    await expectRefused(client, channel, expect.any(String), expect.any(Number));
  });
});

describe('a channel name', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-=@,.;';

  it('may use every allowed character', async () => {
    send(alphabet);
    expect(wholeAll(await client.barrier())).toEqual([succeeded(alphabet)]);
  });

  it.each([
    ...' /:#*%!?"\'\\()[]{}<>|~`^&+$\t\n\r\u0000\u007f',
    'é',
    'ß',
    '日',
    '🔔',
    '\u2028',
    '\u00a0',
    'Ａ',
  ])('may not contain %j', async (character) => {
    for (const channel of [`a${character}b`, `a${character}`]) {
      send(channel);
      await expectRefused(client, channel, 'InvalidRequest', 400);
    }
  });

  it.each(['private-a b', 'private-cache-a/b', 'private-encrypted-é', 'presence-a:b'])(
    'is checked whatever the signature says: %s',
    async (channel) => {
      send(channel, signed(channel));
      await expectRefused(client, channel, 'InvalidRequest', 400);
    },
  );

  it.each(['#', '#news', '#private-x', '#server-to-users-1', '#server-to-user', '##server-to-user-1', 'a#b'])(
    'may not use # for anything but a user: %s',
    async (channel) => {
      send(channel);
      await expectRefused(client, channel, 'InvalidRequest', 400);
    },
  );

  it('may be 200 characters long and no longer', async () => {
    const fits = 'n'.repeat(200);
    send(fits);
    expect(whole(await client.expectNext())).toEqual(succeeded(fits));
    send(`${fits}n`);
    await expectRefused(client, `${fits}n`, 'LimitReached', 413);
  });

  it('counts its prefix', async () => {
    const fits = `private-${'n'.repeat(192)}`;
    send(fits, signed(fits));
    expect(whole(await client.expectNext())).toEqual(succeeded(fits));
    send(`${fits}n`, signed(`${fits}n`));
    await expectRefused(client, `${fits}n`, 'LimitReached', 413);
  });

  it('has a length that is a setting of the app', async () => {
    await withServer({ apps: [quietApp({ limits: { channelNameLength: 164 } })] }, async (node) => {
      const strict = await RawClient.connect(node);
      expect(whole(await strict.subscribe('n'.repeat(164)))).toEqual(succeeded('n'.repeat(164)));
      strict.send({ event: 'pusher:subscribe', data: { channel: 'n'.repeat(165) } });
      await expectRefused(strict, 'n'.repeat(165), 'LimitReached', 413);
    });
  });

  it('is one name also with separators in it', async () => {
    const names = ['a', 'b', 'a,b', 'a;b', ',', ';', 'a,', '=a@b.c'];
    for (const name of names) await client.subscribe(name);
    for (const name of names) await trigger(server(), name, 'e', name);
    expect(wholeAll(await client.expectSome(names.length))).toEqual(
      names.map((name) => ({ event: 'e', channel: name, data: name })),
    );
  });

  it('is compared exactly', async () => {
    await client.subscribe('Case');
    await trigger(server(), ['case', 'CASE', 'Case-', 'Cas', 'Case'], 'e', 'x');
    expect(whole(await client.expectNext())).toEqual({ event: 'e', channel: 'Case', data: 'x' });
    expect(await client.barrier()).toEqual([]);
  });
});
