/** An app with devices and fake providers, and what became of the notifications that went with events. */
import { createHmac } from 'node:crypto';
import { expect } from 'vitest';
import { BEARER, beamsApp, DEVICES, fcmDevice, PUBLISHES, request, webToken } from '../beams/support.ts';
import { INSTANCE, SECRET } from '../beams/vectors.ts';
import type { ApiResponse } from '../support/api.ts';
import { QUIET } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import type { FakeFcm } from '../support/push/fake-fcm.ts';
import type { FakePushService } from '../support/push/fake-push-service.ts';
import type { TestServer } from '../support/server.ts';

/** Sends phones' notifications to the fake. */
export function offlineApp(fcm: FakeFcm, push: object = {}): object {
  const features = { ...QUIET, watchlists: true };
  const app = beamsApp(
    {},
    {
      fcm: { credentials: JSON.parse(fcm.credentials()), endpoint: fcm.endpoint },
      ...push,
    },
  );
  return { ...app, features };
}

/** As the customer's backend makes it for a user's devices. */
function userToken(user: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const issuer = `https://${INSTANCE}.pushnotifications.pusher.com`;
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: user, iss: issuer, exp: 4_102_444_800 })}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}

async function setUser(server: TestServer, platform: string, id: string, user: string): Promise<void> {
  const headers = { authorization: `Bearer ${userToken(user)}` };
  const answer = await request(server, 'PUT', `${DEVICES}/${platform}/${id}/user`, { headers });
  expect(answer.status).toBe(200);
}

/** Registers a phone of the user. */
export async function phoneOf(server: TestServer, user: string): Promise<void> {
  await setUser(server, 'fcm', await fcmDevice(server, `phone-of-${user}`), user);
}

/** Registers a browser of the user; the path its messages come to. */
export async function browserOf(server: TestServer, service: FakePushService, user: string): Promise<string> {
  const subscription = JSON.parse(service.subscribe()) as { endpoint: string };
  const body = { token: webToken(subscription), metadata: { sdkVersion: '2.1.0' } };
  const answer = await request(server, 'POST', `${DEVICES}/web`, { body });
  expect(answer.status).toBe(200);
  await setUser(server, 'web', (answer.json() as { id: string }).id, user);
  return new URL(subscription.endpoint).pathname;
}

/** The id that the answer to a single event names. */
export function idIn(answer: ApiResponse): string {
  expect([answer.status, answer.text]).toEqual([200, expect.stringMatching(/^\{"push":\{"id":"[^"]+"\}\}$/)]);
  return (answer.json() as { push: { id: string } }).push.id;
}

export interface Counts {
  readonly targeted: number;
  readonly sent: number;
  readonly skipped: number;
}

/** How a notification came out, once everybody has been looked at. */
export async function cameOut(server: TestServer, id: string): Promise<Counts> {
  let counts: Counts | undefined;
  await eventually(async () => {
    const answer = await request(server, 'GET', `${PUBLISHES}/${encodeURIComponent(id)}`, {
      headers: BEARER,
    });
    const report = answer.json() as { status: string; counts: Counts };
    expect(report.status).toBe('finished');
    counts = report.counts;
  });
  if (counts === undefined) throw new Error('finished without counts');
  const { targeted, sent, skipped } = counts;
  return { targeted, sent, skipped };
}

/** Tokens of the phones that got something since the last look, in order. */
export function phonesReached(fcm: FakeFcm): string[] {
  return fcm.taken.splice(0).map(({ message }) => String(message['token']));
}

export const SENT = { targeted: 1, sent: 1, skipped: 0 };
export const SKIPPED = { targeted: 1, sent: 0, skipped: 1 };
