/** Grants that end while stores are still being asked: nothing slips through. */
import { expect, it } from 'vitest';
import { NO_RELAY } from '../../../../server/auth/grant-relay.ts';
import { MemoryGrantStore } from '../../../../server/auth/memory-grant-store.ts';
import { SubscriptionGrants } from '../../../../server/auth/subscription-grants.ts';
import { configFrom } from '../../../../server/config/parse.ts';
import { slowNode } from '../../../support/slow-node.ts';

const auth = { token: { secret: 'x'.repeat(32) }, atExpiry: 'unsubscribe' };
const [app] = configFrom({ apps: [{ id: '1', key: 'key', secret: 'secret', auth }] }).apps;
if (app === undefined) throw new Error('the app is configured');

function setUp() {
  const node = slowNode();
  const client = node.connect();
  // As after a change of the registry: the node's app has auth endpoints now.
  node.hub.of(app as NonNullable<typeof app>);
  const grants = new SubscriptionGrants(
    { ...node.ports, hub: node.hub, relay: NO_RELAY },
    new MemoryGrantStore(),
  );
  const record = (expiresAt?: number) =>
    grants.record(client.connection.hub.app, client.connection.id, 'private-a', { userId: '7', expiresAt });
  return { node, client, grants, record };
}

const expelled = (sent: readonly string[]): boolean =>
  sent.some((frame) => frame.includes('subscription_error'));

it('a grant revoked while its subscription is under way ends it as soon as it is there', async () => {
  const { node, client, grants, record } = setUp();
  record();
  client.subscribe('private-a');
  await grants.revoke(client.connection.hub.app, '7');
  expect(expelled(client.socket.sent)).toBe(false);
  await node.gate.open();
  expect(client.socket.events()).toContain('pusher_internal:subscription_succeeded');
  node.clock.advance(1000);
  expect(expelled(client.socket.sent)).toBe(true);
  await node.gate.open();
  expect(client.connection.subscriptionCount).toBe(0);
  expect(node.errors).toEqual([]);
});

it('unless the channel was given anew meanwhile', async () => {
  const { node, client, grants, record } = setUp();
  record();
  client.subscribe('private-a');
  await grants.revoke(client.connection.hub.app, '7');
  record();
  await node.gate.open();
  node.clock.advance(1000);
  expect(expelled(client.socket.sent)).toBe(false);
  expect(client.connection.subscriptionCount).toBe(1);
});

it('a connection that went, or left the channel, is left alone', async () => {
  const { node, client, grants, record } = setUp();
  record(node.clock.now() + 500);
  client.subscribe('private-a');
  await node.gate.open();
  client.say('pusher:unsubscribe', { channel: 'private-a' });
  await node.gate.open();
  node.clock.advance(1000);
  expect(expelled(client.socket.sent)).toBe(false);
  grants.forget(client.connection);
  expect(await grants.problem(client.connection, 'private-a')).toBeUndefined();
});

it('a socket id that no connection of the app has needs no record', async () => {
  const { grants } = setUp();
  const grant = { userId: '7', expiresAt: undefined };
  expect(await grants.record(app as NonNullable<typeof app>, '9.9', 'private-a', grant)).toBeUndefined();
  grants.stop();
});
