/** Unmodified pusher-js and laravel-echo against the hosted endpoints: an application without a backend of its own. */
import Echo from 'laravel-echo';
import Pusher from 'pusher';
import PusherJs, { type Options, type PresenceChannel } from 'pusher-js';
import nacl from 'tweetnacl';
import { afterEach, describe, expect, test } from 'vitest';
import { nextEvent, subscribed } from '../compat/support.ts';
import { useServer } from '../support/use-server.ts';
import { authApp, MASTER_KEY, token } from './support.ts';

const server = useServer({ apps: [authApp()] });
const closing: Array<() => void> = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const options = (bearer: string): Options => {
  const headers = { Authorization: `Bearer ${bearer}` };
  return {
    cluster: '',
    wsHost: server().host,
    wsPort: server().port,
    forceTLS: false,
    enabledTransports: ['ws'],
    channelAuthorization: { endpoint: server().httpUrl('/pusher/auth'), transport: 'ajax', headers },
    userAuthentication: { endpoint: server().httpUrl('/pusher/user-auth'), transport: 'ajax', headers },
  };
};

async function page(claims: object = {}, more: Partial<Options> = {}): Promise<PusherJs> {
  const client = new PusherJs(server().app.key, { ...options(await token({ ...claims })), ...more });
  closing.push(() => client.disconnect());
  return client;
}

const sdk = () =>
  new Pusher({
    appId: server().app.id,
    key: server().app.key,
    secret: server().app.secret,
    host: server().host,
    port: String(server().port),
    useTLS: false,
    encryptionMasterKeyBase64: MASTER_KEY,
  });

describe('pusher-js', () => {
  test('signs in, and is reached as that user', async () => {
    const client = await page();
    client.signin();
    await client.user.signinDonePromise;
    expect(client.user.user_data).toMatchObject({ id: '7' });
    const received = nextEvent(client.user, 'hello');
    await expect
      .poll(async () => {
        await sdk().sendToUser('7', 'hello', { to: 'you' });
        return Promise.race([received, new Promise((done) => setTimeout(done, 50, 'nothing yet'))]);
      })
      .toEqual({ to: 'you' });
  });

  test('joins its private channel, and no other', async () => {
    const client = await page();
    const mine = await subscribed(client, 'private-user-7');
    const received = nextEvent(mine, 'e');
    await sdk().trigger('private-user-7', 'e', { n: 1 });
    expect(await received).toEqual({ n: 1 });
    const refused = await nextEvent(client.subscribe('private-user-8'), 'pusher:subscription_error');
    expect(refused).toMatchObject({ type: 'AuthError', status: 403 });
  });

  test('joins the presence channels of its teams', async () => {
    const [ann, bob] = [
      await page({ sub: 'ann', name: 'Ann', teams: ['red'] }),
      await page({ sub: 'bob', name: 'Bob', teams: ['blue', 'red'] }),
    ];
    const channel = (await subscribed(ann, 'presence-team-red')) as PresenceChannel;
    const joined = nextEvent(channel, 'pusher:member_added');
    await subscribed(bob, 'presence-team-red');
    expect(await joined).toEqual({ id: 'bob', info: { name: 'Bob' } });
    expect(channel.members.me).toEqual({ id: 'ann', info: { name: 'Ann' } });
    expect(await nextEvent(ann.subscribe('presence-team-blue'), 'pusher:subscription_error')).toMatchObject({
      status: 403,
    });
  });

  test('reads its encrypted channel', async () => {
    const client = await page({}, { nacl });
    const channel = await subscribed(client, 'private-encrypted-user-7');
    const received = nextEvent(channel, 'secret');
    await sdk().trigger('private-encrypted-user-7', 'secret', { words: 'hush' });
    expect(await received).toEqual({ words: 'hush' });
  });
});

describe('laravel-echo', () => {
  const echo = async (claims: object): Promise<Echo<'pusher'>> => {
    const bearer = await token({ ...claims });
    const { cluster, wsHost, wsPort, forceTLS, enabledTransports } = options(bearer);
    const client = new Echo({
      cluster,
      wsHost,
      wsPort,
      forceTLS,
      enabledTransports,
      broadcaster: 'pusher',
      key: server().app.key,
      Pusher: PusherJs,
      bearerToken: bearer,
      authEndpoint: server().httpUrl('/broadcasting/auth'),
    });
    closing.push(() => client.disconnect());
    return client;
  };

  test('listens to a private channel by its bearer token', async () => {
    const channel = (await echo({})).private('user-7');
    await new Promise<void>((done) => channel.subscribed(() => done()));
    const received = new Promise((done) => channel.listen('.greeting', done));
    await sdk().trigger('private-user-7', 'greeting', { n: 2 });
    expect(await received).toEqual({ n: 2 });
  });

  test('is here in a presence channel, and hears of a refusal', async () => {
    const client = await echo({ sub: 'cy', name: 'Cy', teams: 'green' });
    const here = await new Promise((done) => client.join('team-green').here(done));
    expect(here).toEqual([{ name: 'Cy' }]);
    const error = await new Promise((done) => client.private('user-7').error(done));
    expect(error).toMatchObject({ type: 'AuthError', status: 403 });
  });
});
