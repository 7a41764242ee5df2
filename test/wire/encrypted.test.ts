/** End-to-end encrypted channels: the server passes envelopes on and never looks inside. */
import { createHash, randomBytes } from 'node:crypto';
import nacl from 'tweetnacl';
import { describe, expect, it } from 'vitest';
import { api, trigger } from '../support/api.ts';
import { quietApp } from '../support/apps.ts';
import { expectRefused, softError, whole, wholeAll } from '../support/frames.ts';
import { joinPrivate } from '../support/joining.ts';
import { dataOf, RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const server = useServer({ apps: [quietApp({ features: { clientEvents: true } })] });
const channel = 'private-encrypted-room';

async function subscriber(name = channel): Promise<RawClient> {
  const client = await RawClient.connect(server());
  await joinPrivate(client, DEFAULT_APP, name);
  return client;
}

describe('an encrypted channel', () => {
  it('carries an envelope that only holders of the secret can open', async () => {
    const client = await subscriber();
    const secret = createHash('sha256').update(channel).update(randomBytes(32)).digest();
    const nonce = randomBytes(24);
    const text = JSON.stringify({ msg: 'hi Zoë' });
    const box = nacl.secretbox(Buffer.from(text), nonce, secret);
    const envelope = { nonce: nonce.toString('base64'), ciphertext: Buffer.from(box).toString('base64') };
    await trigger(server(), channel, 'e', envelope);
    const frame = await client.expectNext();
    expect(whole(frame)).toEqual({ event: 'e', channel, data: JSON.stringify(envelope) });
    const received = dataOf(frame) as typeof envelope;
    const opened = nacl.secretbox.open(
      Buffer.from(received.ciphertext, 'base64'),
      Buffer.from(received.nonce, 'base64'),
      secret,
    );
    expect(Buffer.from(opened ?? []).toString()).toBe(text);
    await client.close();
  });

  it.each([
    ['an envelope in odd spelling', '{ "ciphertext":"zoDEe8dA3nDXKsybAWce\\/hXGW4szJw==" ,"nonce" : "x"}'],
    ['no envelope at all', '{"plain":1}'],
    ['plain words', 'hello'],
    ['nothing', ''],
  ])('passes data on untouched: %s', async (_what, data) => {
    const client = await subscriber();
    await trigger(server(), channel, 'e', data);
    expect(whole(await client.expectNext())).toEqual({ event: 'e', channel, data });
    await client.close();
  });

  it('replays a cached envelope untouched', async () => {
    const name = 'private-encrypted-cache-room';
    const data = '{ "nonce":"bm9uY2U=","ciphertext":"eA==" }';
    await trigger(server(), name, 'e', data);
    const client = await subscriber(name);
    expect(wholeAll(await client.barrier())).toEqual([{ event: 'e', channel: name, data }]);
    await client.close();
  });

  it('needs the signature of a private channel', async () => {
    const client = await RawClient.connect(server());
    client.send({ event: 'pusher:subscribe', data: { channel } });
    await expectRefused(client, channel, 'AuthError', 401);
    await client.close();
  });

  it('takes no client events', async () => {
    const [from, to] = [await subscriber(), await subscriber()];
    from.send({ event: 'client-x', channel, data: '{"nonce":"x","ciphertext":"x"}' });
    expect(wholeAll(await from.barrier())).toEqual([softError()]);
    expect(await to.barrier()).toEqual([]);
    await Promise.all([from.close(), to.close()]);
  });

  it.each([[[channel, 'news']], [['news', channel]], [[channel, 'private-encrypted-other']]])(
    'is published to alone, never with others: %j',
    async (channels) => {
      const client = await subscriber();
      await client.subscribe('news');
      expect((await trigger(server(), channels, 'e', 'x')).status).toBe(400);
      expect(await client.barrier()).toEqual([]);
      await client.close();
    },
  );

  it('may be in a batch, each event with its own channel', async () => {
    const client = await subscriber();
    await joinPrivate(client, DEFAULT_APP, 'private-encrypted-other');
    const batch = [
      { channel, name: 'e', data: '1' },
      { channel: 'private-encrypted-other', name: 'e', data: '2' },
    ];
    expect((await api(server(), 'POST', '/batch_events', { body: { batch } })).status).toBe(200);
    expect(wholeAll(await client.barrier())).toEqual(
      batch.map((event) => ({ event: 'e', channel: event.channel, data: event.data })),
    );
    await client.close();
  });
});
