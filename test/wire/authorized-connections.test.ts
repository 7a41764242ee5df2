/** Apps that want each connection to prove itself in time: by signing in or by joining an authorized channel. */
import { describe, expect, it } from 'vitest';
import { quietApp } from '../support/apps.ts';
import { errorWithCode, whole } from '../support/frames.ts';
import { joinPresence, joinPrivate, sendSignIn, signIn } from '../support/joining.ts';
import { RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP } from '../support/server.ts';
import { useServer, withOneNode, withServer } from '../support/use-server.ts';

const TIMED_OUT = { code: 4009, reason: 'Connection not authorized within timeout' };

describe.concurrent('a connection that must authorize itself', () => {
  const server = useServer({ apps: [quietApp({ authorizationTimeoutSeconds: 1 })] });
  const connect = (): Promise<RawClient> => RawClient.connect(server());
  /** Two bare connections one after the other have run into the timeout: whoever came before had the same time. */
  const othersTimedOut = async (): Promise<void> => {
    for (let i = 0; i < 2; i++) expect(await (await connect()).closed).toEqual(TIMED_OUT);
  };

  it('and does nothing is closed with 4009', async () => {
    const client = await connect();
    expect(await client.closed).toEqual(TIMED_OUT);
    expect(client.takeAll()).toEqual([]);
  });

  it('gets an error frame before on protocol 5', async () => {
    const client = await RawClient.connect(server(), {
      query: 'protocol=5&client=java-client&version=2.4.0',
    });
    expect(await client.closed).toEqual(TIMED_OUT);
    expect(client.takeAll().map(whole)).toEqual([errorWithCode(4009, TIMED_OUT.reason)]);
  });

  it.each([
    ['a public subscription', (client: RawClient) => client.subscribe('news')],
    ['a public cache subscription', (client: RawClient) => client.subscribe('cache-news')],
    ['pings', (client: RawClient) => client.barrier()],
    [
      'a refused private subscription',
      async (client: RawClient) => {
        client.send({ event: 'pusher:subscribe', data: { channel: 'private-a', auth: 'test-key:00' } });
        await client.barrier();
      },
    ],
    [
      'a refused sign-in',
      async (client: RawClient) => {
        sendSignIn(client, DEFAULT_APP, { id: '' });
        await client.barrier();
      },
    ],
  ])('is not saved by %s', async (_what, act) => {
    const client = await connect();
    await act(client);
    expect(await client.closed).toEqual(TIMED_OUT);
  });

  it('is saved for good by sign-in or by any authorized channel, also when it is left again', async () => {
    const kept: [string, RawClient][] = [];
    const add = async (what: string, act: (client: RawClient) => Promise<unknown>): Promise<void> => {
      const client = await connect();
      await act(client);
      await client.barrier();
      kept.push([what, client]);
    };
    await add('sign-in', (client) => signIn(client, DEFAULT_APP, { id: '7' }));
    for (const prefix of ['private-', 'private-cache-', 'private-encrypted-', 'private-encrypted-cache-']) {
      await add(prefix, (client) => joinPrivate(client, DEFAULT_APP, `${prefix}a`));
    }
    for (const prefix of ['presence-', 'presence-cache-']) {
      await add(prefix, (client) => joinPresence(client, DEFAULT_APP, `${prefix}a`, { user_id: '7' }));
    }
    await add('left again', async (client) => {
      await joinPrivate(client, DEFAULT_APP, 'private-a');
      client.send({ event: 'pusher:unsubscribe', data: { channel: 'private-a' } });
    });
    await othersTimedOut();
    for (const [what, client] of kept) {
      expect([what, await client.barrier()]).toEqual([what, []]);
      await client.close();
    }
  });
});

describe('connections that are not authorized yet', () => {
  it('do not count towards the quota', async () => {
    const app = quietApp({ authorizationTimeoutSeconds: 3600, limits: { connections: 1 } });
    await withServer({ apps: [app] }, async (server) => {
      const clients = [await RawClient.connect(server), await RawClient.connect(server)];
      for (const client of clients) expect(await client.barrier()).toEqual([]);
    });
  });
});

describe('connections that authorize themselves late', () => {
  it('count from then on, and are closed with 4004 where there is no room', async () => {
    const apps = [quietApp({ authorizationTimeoutSeconds: 60, limits: { connections: 2 } })];
    await withOneNode({ apps }, async (server) => {
      const clients = [
        await RawClient.connect(server),
        await RawClient.connect(server),
        await RawClient.connect(server),
      ];
      for (const client of clients) await joinPrivate(client, DEFAULT_APP, 'private-a');
      const [first, second, third] = clients;
      expect(await third?.closed).toMatchObject({ code: 4004, reason: 'Account over quota' });
      for (const client of [first, second]) expect(await client?.barrier()).toEqual([]);
    });
  });
});

describe('an app that asks for nothing', () => {
  it('keeps connections that do nothing', async () => {
    const timed = { ...quietApp({ authorizationTimeoutSeconds: 1 }), id: '2', key: 'timed' };
    await withServer({ apps: [quietApp(), timed] }, async (server) => {
      const idle = await RawClient.connect(server);
      for (let i = 0; i < 2; i++) {
        expect((await (await RawClient.connect(server, { key: 'timed' })).closed).code).toBe(4009);
      }
      expect(await idle.barrier()).toEqual([]);
    });
  });
});
