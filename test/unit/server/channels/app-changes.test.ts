/** Connections of apps that change, are switched off, or go. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../../../server/apps/app.ts';
import { applyAppChanges } from '../../../../server/channels/app-changes.ts';
import { type Client, type SlowNode, slowNode } from '../../../support/slow-node.ts';

let node: SlowNode;
let client: Client;
let app: App;

beforeEach(() => {
  node = slowNode();
  client = node.connect();
  app = client.connection.hub.app;
});

const change = (after: App): void =>
  applyAppChanges(node.hub, node.clock, { added: [], changed: [{ before: app, after }], removed: [] });
const remove = (): void => applyAppChanges(node.hub, node.clock, { added: [], changed: [], removed: [app] });

describe('a changed app', () => {
  it('holds for the connections it has', async () => {
    change({ ...app, limits: { ...app.limits, channelsPerConnection: 1 } });
    client.subscribe('private-a');
    await node.gate.open();
    client.subscribe('private-b');
    await node.gate.open();
    expect(client.socket.events()).toContain('pusher_internal:subscription_succeeded');
    expect(client.socket.sent.at(-1)).toContain('a connection may hold 1');
    expect(client.socket.closed).toBeUndefined();
  });

  it('keeps the connections of a key that was withdrawn', async () => {
    change({ ...app, credentials: [{ key: 'another', secret: 'secret' }] });
    client.subscribe('a');
    await node.gate.open();
    expect(client.socket.events()).toContain('pusher_internal:subscription_succeeded');
    expect(client.socket.closed).toBeUndefined();
  });
});

describe('a disabled app', () => {
  it('has its connections closed with 4003, and no other app has', () => {
    const other = { ...app, id: 'other' };
    applyAppChanges(node.hub, node.clock, { added: [other], changed: [], removed: [] });
    applyAppChanges(node.hub, node.clock, {
      added: [],
      changed: [{ before: other, after: { ...other, enabled: false } }],
      removed: [],
    });
    expect(client.socket.closed).toBeUndefined();
    change({ ...app, enabled: false });
    expect(client.socket.closed).toEqual({ code: 4003, reason: 'Application disabled' });
    expect(node.hub.size).toBe(0);
  });

  it('has many connections closed in turns, so that others are served in between', () => {
    const clients = Array.from({ length: 1200 }, () => node.connect());
    change({ ...app, enabled: false });
    const open = () => clients.filter(({ socket }) => socket.closed === undefined).length;
    const left = [open()];
    while (open() > 0 && left.length < 10) {
      node.clock.advance(10);
      left.push(open());
    }
    expect(left).toEqual([701, 201, 0]);
  });
});

describe('a removed app', () => {
  it('has its connections closed with 4001, named by its oldest key', () => {
    remove();
    expect(client.socket.closed).toEqual({
      code: 4001,
      reason: 'App key key not in this cluster. Did you forget to specify the cluster?',
    });
  });

  it('is not shown any more, and leaves nothing behind', async () => {
    client.subscribe('a');
    await node.gate.open();
    remove();
    expect([...node.hub.apps()]).toEqual([]);
    await node.gate.open();
    // What could not be let go of at once goes with the next app that does.
    applyAppChanges(node.hub, node.clock, { added: [], changed: [], removed: [{ ...app, id: 'next' }] });
    expect(node.hub.find(app.id)).toBeUndefined();
  });

  it('that comes again goes on where the last connections still let go', async () => {
    client.subscribe('a');
    await node.gate.open();
    remove();
    const hub = node.hub.find(app.id);
    applyAppChanges(node.hub, node.clock, { added: [app], changed: [], removed: [] });
    const next = node.connect();
    next.subscribe('a');
    await node.gate.open();
    expect(node.hub.find(app.id)).toBe(hub ?? next.connection.hub);
    expect(next.socket.events()).toContain('pusher_internal:subscription_succeeded');
    expect(next.connection.hub.channels.get('a')?.subscriptions).toBe(1);
    expect([...node.hub.apps()].map(({ app: { id } }) => id)).toEqual([app.id]);
  });
});
