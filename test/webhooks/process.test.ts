/** A node as the command starts it, with nothing but the address for webhooks in its environment. */
import { expect, it } from 'vitest';
import { startNodeProcess } from '../support/node-process.ts';
import { RawClient } from '../support/raw-client.ts';
import { fail, WebhookReceiver } from '../support/webhook-receiver.ts';

it('sends webhooks, and those that are left when it is told to stop', async () => {
  const receiver = await WebhookReceiver.start();
  const node = await startNodeProcess({ CARILLON_WEBHOOK_URL: receiver.url });
  const client = await RawClient.connect(node);
  await client.subscribe('news');
  await receiver.until(2);
  // Nothing but a pause keeps the node busy while it waits to try again.
  receiver.answer = (response, request, received) => {
    receiver.answer = (again) => {
      again.end();
      return true;
    };
    return fail(response, request, received);
  };
  await node.stop();
  expect(receiver.names.filter((name) => name !== 'subscription_count').sort()).toEqual([
    'channel_occupied',
    'channel_vacated',
  ]);
  await receiver.close();
});
