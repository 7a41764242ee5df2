/** The official server SDK for Node, unmodified, against a real node: what it sends, what it makes of answers. */
import { createRequire } from 'node:module';
import { afterAll, describe, expect, it } from 'vitest';
import { ask, authApp, token } from '../auth/support.ts';
import { FakeFcm } from '../support/push/fake-fcm.ts';
import { beamsApp, DEVICES, fcmDevice, request, useBeams } from './support.ts';
import { INSTANCE, SECRET, TOKENS } from './vectors.ts';

interface Sdk {
  publishToInterests(interests: readonly string[], body: object): Promise<{ publishId: string }>;
  publishToUsers(users: readonly string[], body: object): Promise<{ publishId: string }>;
  generateToken(userId: string): { token: string };
  deleteUser(userId: string): Promise<void>;
}
type Constructor = new (options: object) => Sdk;
// Its type declarations are older than it is.
const require = createRequire(import.meta.url);
const PushNotifications = require('@pusher/push-notifications-server') as Constructor;

const fcm = await FakeFcm.start();
const node = useBeams(() => ({
  apps: [
    {
      ...beamsApp({}, { fcm: { credentials: JSON.parse(fcm.credentials()), endpoint: fcm.endpoint } }),
      auth: authApp().auth,
    },
  ],
  allowPrivateAddresses: true,
}));
afterAll(() => fcm.close());

const sdk = (secretKey = SECRET, instanceId = INSTANCE): Sdk =>
  new PushNotifications({ instanceId, secretKey, endpoint: node().host, port: node().port });

async function phoneOf(user: string, tokenText: string): Promise<string> {
  const id = await fcmDevice(node(), tokenText);
  const authorization = `Bearer ${sdk().generateToken(user).token}`;
  const answer = await request(node(), 'PUT', `${DEVICES}/fcm/${id}/user`, { headers: { authorization } });
  expect([answer.status, answer.text]).toEqual([200, '']);
  return id;
}

/** Messages that came for a token, once there are so many. */
async function messagesTo(target: string, count: number) {
  const found = () => fcm.taken.filter(({ message }) => message['token'] === target);
  while (found().length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  return found().map(({ message }) => message);
}

describe('the server SDK', () => {
  it('publishes to interests, and a phone that listens to several of them hears it once', async () => {
    const id = await fcmDevice(node(), 'phone-1');
    const body = { interests: ['donuts', 'cakes'] };
    await request(node(), 'PUT', `${DEVICES}/fcm/${id}/interests`, { body });
    const { publishId } = await sdk().publishToInterests(['donuts', 'cakes', 'nobody'], {
      fcm: { notification: { title: 'Hi!', click_action: 'SHOP' }, data: { k: 1 } },
    });
    expect(publishId).toMatch(/^pubid-[0-9a-f-]{36}$/);
    const [message, ...others] = await messagesTo('phone-1', 1);
    expect(others).toEqual([]);
    const pusher = {
      instanceId: INSTANCE,
      publishId,
      clickAction: 'SHOP',
      hasDisplayableContent: true,
      hasData: true,
    };
    expect(message).toEqual({
      token: 'phone-1',
      notification: { title: 'Hi!' },
      data: { k: '1', pusher: JSON.stringify(pusher) },
      android: { notification: { click_action: 'com.pusher.pushnotifications.OPEN_TRACKING' } },
    });
  });

  it('publishes to users, whose tokens it makes', async () => {
    await phoneOf('zoé/1 +@', 'phone-2');
    await sdk().publishToUsers(['zoé/1 +@', 'nobody'], { fcm: { data: { hello: 'you' } } });
    expect(await messagesTo('phone-2', 1)).toMatchObject([{ data: { hello: 'you' } }]);
  });

  it('deletes a user with all devices', async () => {
    const id = await phoneOf('user 001/a+b@é', 'phone-3');
    await sdk().deleteUser('user 001/a+b@é');
    expect((await request(node(), 'GET', `${DEVICES}/fcm/${id}`)).status).toBe(404);
    await sdk().deleteUser('never-there');
  });

  it('understands every refusal', async () => {
    const fcmBlock = { fcm: { data: {} } };
    await expect(sdk('wrong').publishToInterests(['a'], fcmBlock)).rejects.toThrow(
      '401 Unauthorized - Incorrect Secret Key',
    );
    await expect(
      sdk(SECRET, '22222222-2222-4222-8222-222222222222').publishToInterests(['a'], fcmBlock),
    ).rejects.toThrow('404 Instance not found - Could not find the instance');
    await expect(sdk().publishToUsers(['u', 'u'], fcmBlock)).rejects.toThrow(
      '422 Unprocessable Entity - `users`: array items must be unique',
    );
    await expect(sdk().publishToInterests(['a'], {})).rejects.toThrow(
      '422 Unprocessable Entity - `(root)`: Must validate at least one schema (anyOf)',
    );
    await expect(
      sdk().publishToInterests(['a'], { fcm: { data: { k: 'x'.repeat(10_240) } } }),
    ).rejects.toThrow('400 Bad request - Request body size is too large (max 10KiB).');
    await expect(sdk().publishToUsers(['a'], { fcm: { data: { k: 'x'.repeat(2 ** 20) } } })).rejects.toThrow(
      '400 Bad request - Request body size is too large (max 200KiB).',
    );
    await expect(sdk('wrong').deleteUser('x')).rejects.toThrow('401 Unauthorized - Incorrect Secret Key');
    await expect(sdk().publishToUsers(['a'], { fcm: { data: { k: 'x'.repeat(5000) } } })).rejects.toThrow(
      /^422 Unprocessable Entity - .*4096/,
    );
  });
});

describe('deleting a user as other SDKs do', () => {
  const CUSTOMERS = `/customer_api/v1/instances/${INSTANCE}/users`;
  const remove = (path: string, library: string) =>
    request(node(), 'DELETE', `${CUSTOMERS}/${path}`, {
      headers: { authorization: `Bearer ${SECRET}`, 'x-pusher-library': library },
    });
  let phones = 100;
  async function removes(user: string, path: string, library: string): Promise<boolean> {
    phones += 1;
    const id = await phoneOf(user, `phone-${phones}`);
    const answer = await remove(path, library);
    expect([answer.status, answer.text, answer.headers['content-length']]).toEqual([200, '', '0']);
    return (await request(node(), 'GET', `${DEVICES}/fcm/${id}`)).status === 404;
  }

  it.each([
    ['user 001', 'user+001', 'pusher-push-notifications-ruby 2.0.3'],
    ['user 001', 'user+001', 'pusher-push-notifications-php 2.0.0'],
    ['user 001', 'user+001', 'pusher-push-notifications-server-java 1.1.1'],
    ['user+001', 'user+001', 'pusher-push-notifications-go 1.4'],
    ['user+001', 'user%2B001', 'pusher-push-notifications-ruby 2.0.3'],
    ['a/b c', 'a/b%20c', 'pusher-push-notifications-python 2.0.2'],
  ])('user %j is meant by %s of %s', async (user, path, library) => {
    expect(await removes(user, path, library)).toBe(true);
  });

  it('an id of more than 164 characters is refused', async () => {
    const answer = await remove('x'.repeat(165), '');
    expect([answer.status, answer.text]).toEqual([
      400,
      `{"error":"Bad request","description":"'User id' is too long, max length is 164"}\n`,
    ]);
    expect((await remove('%F0%9F%98%80'.repeat(164), '')).status).toBe(200);
  });

  it('without an id there is nothing to delete', async () => {
    for (const path of ['', '/']) {
      const answer = await request(node(), 'DELETE', `${CUSTOMERS}${path}`, {
        headers: { authorization: `Bearer ${SECRET}` },
      });
      expect([answer.status, answer.text]).toEqual([
        404,
        '{"error":"Not found","description":"Not found"}\n',
      ]);
    }
  });
});

describe('the hosted auth endpoint', () => {
  it('makes tokens that the app’s own Beams door takes', async () => {
    const bearer = await token();
    const answer = await ask(
      node(),
      { user_id: '7' },
      { token: bearer, method: 'GET', path: '/pusher/beams-auth' },
    );
    expect(answer.status).toBe(200);
    const { token: beams } = answer.json() as { token: string };
    const id = await fcmDevice(node(), 'phone-auth');
    const headers = { authorization: `Bearer ${beams}` };
    expect((await request(node(), 'PUT', `${DEVICES}/fcm/${id}/user`, { headers })).status).toBe(200);
  });
});

it('T1 is, byte for byte, what the SDK makes', () => {
  const [header, claims] = sdk().generateToken('user-001').token.split('.');
  expect(header).toBe(TOKENS.T1.split('.')[0]);
  const keys = (segment = '') =>
    Object.keys(JSON.parse(Buffer.from(segment, 'base64url').toString()) as object);
  expect(keys(claims)).toEqual(keys(TOKENS.T1.split('.')[1]));
});
