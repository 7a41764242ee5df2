/** What else follows a stored app's changes: webhooks, hosted auth, metrics. */
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, TOKEN_SECRET, token } from '../auth/support.ts';
import { RawClient } from '../support/raw-client.ts';
import { fail, type Received, WebhookReceiver } from '../support/webhook-receiver.ts';
import { onEachStore, publishedBy } from './support.ts';

const WEBHOOKS = { batchMs: 0, graceMs: 0, retryFirstMs: 50 };

onEachStore(
  (node) => {
    describe('webhooks of a stored app', () => {
      let receiver: WebhookReceiver;
      beforeEach(async () => {
        receiver = await WebhookReceiver.start();
      });
      afterEach(() => receiver.close());

      const webhooks = () => [{ url: receiver.url, events: ['channel_occupied'] }];
      const last = (): Received => {
        const received = receiver.taken.at(-1);
        if (received === undefined) throw new Error('nothing was received');
        return received;
      };
      const signedBy = (secret: string): boolean =>
        last().headers['x-pusher-signature'] ===
        createHmac('sha256', secret).update(last().body).digest('hex');

      async function occupy(key: string, channel: string): Promise<void> {
        const client = await RawClient.connect(node.server, { key });
        await client.subscribe(channel);
        await expect.poll(() => receiver.events.map((event) => event.channel)).toContain(channel);
        client.socket.close();
      }

      it('are sent from the change on that asks for them', async () => {
        const app = await node.created();
        await node.admin('PATCH', `/apps/${app.id}`, { webhooks: webhooks() });
        await occupy(app.key, 'a');
        expect(last().headers['x-pusher-key']).toBe(app.key);
      });

      it('are signed with the old pair during an overlap, with the new one afterwards', async () => {
        const old = await node.created({ webhooks: webhooks() });
        const { json: fresh } = await node.admin('POST', `/apps/${old.id}/rotate`, {});
        await occupy(fresh.key, 'during');
        expect(last().headers['x-pusher-key']).toBe(old.key);
        expect(signedBy(old.secret)).toBe(true);
        await node.admin('DELETE', `/apps/${old.id}/credentials/${old.key}`);
        await occupy(fresh.key, 'after');
        expect(last().headers['x-pusher-key']).toBe(fresh.key);
        expect(signedBy(fresh.secret)).toBe(true);
      });

      it('that wait become dead letters when their endpoint, or the app, goes', async () => {
        receiver.answer = fail;
        const apps = [
          await node.created({ webhooks: webhooks() }),
          await node.created({ webhooks: webhooks() }),
        ];
        for (const [index, { key }] of apps.entries()) {
          const client = await RawClient.connect(node.server, { key });
          await client.subscribe(`waiting-${index}`);
          await receiver.when(() => receiver.requests.some(({ body }) => body.includes(`waiting-${index}`)));
          client.socket.close();
        }
        await node.admin('PATCH', `/apps/${apps[0]?.id}`, { webhooks: [] });
        await node.admin('DELETE', `/apps/${apps[1]?.id}`);
        for (const app of apps) {
          const letters = async () =>
            (await node.admin('GET', `/webhooks/dead-letters?app=${app.id}`)).json.letters.map(
              ({ event }: { event: { channel: string } }) => event.channel,
            );
          await expect.poll(letters).toEqual([`waiting-${apps.indexOf(app)}`]);
        }
      });
    });

    it('hosted auth of a stored app follows its settings and keys', async () => {
      const rules = (channel: string) => ({
        token: { secret: TOKEN_SECRET },
        rules: [{ channels: [channel] }],
      });
      const app = await node.created({ auth: rules('private-a') });
      const bearer = await token();
      const client = await RawClient.connect(node.server, { key: app.key });
      const authorized = async (channel: string) => {
        const fields = { socket_id: client.socketId, channel_name: channel };
        const path = `/apps/${app.key}/pusher/auth`;
        const { status, text } = await ask(node.server, fields, { token: bearer, path });
        return status === 200 ? text : status;
      };
      expect(await authorized('private-a')).toContain(`{"auth":"${app.key}:`);
      expect(await authorized('private-b')).toBe(403);
      await node.admin('PATCH', `/apps/${app.id}`, { auth: rules('private-b') });
      expect(await authorized('private-a')).toBe(403);
      expect(await authorized('private-b')).toContain(`{"auth":"${app.key}:`);
      await node.admin('PATCH', `/apps/${app.id}`, { auth: null });
      expect(await authorized('private-b')).toBe(404);
      client.socket.close();
    });

    it('metrics show a stored app from its creation to its end', async () => {
      const metrics = async () => (await fetch(node.server.httpUrl('/metrics'))).text();
      const app = await node.created();
      expect(await metrics()).toContain(`carillon_connections{app="${app.id}"} 0`);
      expect(await publishedBy(app, node.server)).toBe(200);
      await node.admin('DELETE', `/apps/${app.id}`);
      expect(await metrics()).not.toContain(`carillon_connections{app="${app.id}"}`);
    });
  },
  { webhooks: WEBHOOKS },
);
