/** Push on a node without a database: tokens and the groups that providers keep. And what is refused at once. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryPushQueue } from '../../server/push/memory-push-queue.ts';
import type { NewPublish } from '../../server/push/publish.ts';
import { DEAD, later } from '../support/push/fake-provider.ts';
import { type TestNode, TICK_MS, testNode, until } from '../support/push/pipeline.ts';
import { newPublish } from '../support/push/publishes.ts';

const appId = 'app-1';
const toTokens = (...tokens: string[]): Partial<NewPublish> => ({
  target: { kind: 'tokens', provider: 'fcm', tokens },
});

let node: TestNode;
beforeEach(() => {
  node = testNode({ appId, queue: new MemoryPushQueue() });
  node.push.start();
});
afterEach(() => node.push.stop(0));

describe('tokens', () => {
  it('are sent to, each once, and are not told in the outcomes', async () => {
    node.fcm.answers.set('dead', [DEAD]);
    const publicId = await node.accept(toTokens('a', 'b', 'a', 'dead'));
    const { counts } = await node.ended(publicId);
    expect(counts).toMatchObject({ targeted: 3, sent: 2, dead: 1 });
    expect(node.fcm.tokens()).toEqual(['a', 'b', 'dead']);
    const outcomes = await node.outcomes(publicId);
    expect(outcomes).toHaveLength(3);
    for (const { key, deviceId } of outcomes) {
      expect(key).toMatch(/^token:[0-9a-f]{64}$/);
      expect(deviceId).toBeUndefined();
    }
  });

  it('go in jobs of 500', async () => {
    const tokens = Array.from({ length: 1200 }, (_, n) => `t${n}`);
    expect((await node.ended(await node.accept(toTokens(...tokens)))).counts.sent).toBe(1200);
    expect(new Set(node.fcm.tokens()).size).toBe(1200);
    expect(node.fcm.most).toBeLessThanOrEqual(1000);
  });

  it('are tried again, those alone that need it', async () => {
    node.fcm.answers.set('b', [later(), later()]);
    const publicId = await node.accept(toTokens('a', 'b'));
    expect((await node.ended(publicId)).counts.sent).toBe(2);
    expect(node.fcm.tokens()).toEqual(['a', 'b', 'b', 'b']);
  });

  it('that were told different times are few jobs', async () => {
    const tokens = Array.from({ length: 300 }, (_, n) => `t${n}`);
    for (const [n, token] of tokens.entries()) node.fcm.answers.set(token, [later(10_000 + n * 100)]);
    await node.accept(toTokens(...tokens));
    await until(() => node.fcm.messages.length === 300);
    const startedAt = node.clock.now();
    const times = new Set<number>();
    await until(() => {
      node.clock.advance(TICK_MS * 10);
      const arrived = node.fcm.messages.length;
      times.add(arrived);
      return arrived === 600;
    });
    expect(times.size).toBeLessThan(16);
    expect(node.clock.now() - startedAt).toBeGreaterThanOrEqual(39_000);
  });

  it('without a text that is the same for all: a payload that is too long for one user fails for that user', async () => {
    node.fcm.limit = 100;
    const publicId = await node.accept({
      ...toTokens('a'),
      payloads: { fcm: { data: { text: '{{long}}' } } },
      variables: { ada: { long: 'x'.repeat(200) } },
    });
    expect((await node.ended(publicId)).counts.sent).toBe(1);
  });
});

describe('groups', () => {
  it('are one request, whatever the number behind', async () => {
    const topic = await node.accept({ target: { kind: 'topic', provider: 'fcm', topic: 'news' } });
    const condition = await node.accept({
      target: { kind: 'condition', provider: 'fcm', condition: "'a' in topics" },
    });
    expect((await node.ended(topic)).counts).toMatchObject({ targeted: 1, sent: 1 });
    await node.ended(condition);
    expect(node.fcm.groups).toEqual([{ topic: 'news' }, { condition: "'a' in topics" }]);
    expect((await node.outcomes(topic))[0]).toMatchObject({ key: 'group:news', status: 'sent' });
  });

  it('are tried again', async () => {
    node.fcm.always = later();
    const publicId = await node.accept({ target: { kind: 'topic', provider: 'fcm', topic: 'news' } });
    await until(() => node.fcm.groups.length === 1);
    node.fcm.always = { kind: 'sent', messageId: 'm' };
    expect((await node.ended(publicId)).counts.sent).toBe(1);
    expect((await node.outcomes(publicId))[0]).toMatchObject({ tries: 2, messageId: 'm' });
  });
});

describe('a publish is refused', () => {
  const refusal = (changes: Partial<NewPublish>): Promise<unknown> =>
    node.push.publishing.accept(newPublish({ appId, ...changes }));

  it('when the app has not the provider it names', async () => {
    const hms = {
      target: { kind: 'tokens' as const, provider: 'hms' as const, tokens: ['t'] },
      payloads: { hms: {} },
    };
    expect(await refusal(hms)).toEqual({ kind: 'no provider', provider: 'hms' });
    expect(await refusal({ ...toTokens('t'), appId: 'unknown' })).toEqual({
      kind: 'no provider',
      provider: 'fcm',
    });
  });

  it('when it has nothing for that provider', async () => {
    expect(await refusal({ ...toTokens('t'), payloads: { hms: {} } })).toEqual({
      kind: 'invalid',
      reason: 'the publish has nothing for fcm',
    });
  });

  it('when it names no tokens', async () => {
    expect(await refusal(toTokens())).toEqual({ kind: 'invalid', reason: 'the publish names no tokens' });
  });

  it('when a provider would never take its payload, with the data of Beams if they go with it', async () => {
    node.fcm.limit = 60;
    const reason = expect.stringContaining('and may have 60');
    const payloads = { fcm: { data: { text: 'x'.repeat(20) } } };
    expect(await refusal({ ...toTokens('t'), payloads })).toMatchObject({ kind: 'accepted' });
    expect(await refusal({ ...toTokens('t'), payloads, door: 'beams' })).toEqual({ kind: 'invalid', reason });
    const long = { fcm: { data: { text: 'x'.repeat(80) } } };
    expect(await refusal({ ...toTokens('t'), payloads: long })).toEqual({ kind: 'invalid', reason });
  });
});
