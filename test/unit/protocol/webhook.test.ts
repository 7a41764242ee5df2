import { describe, expect, it } from 'vitest';
import { webhookBody, webhookEventJson } from '../../../protocol/index.ts';
import { SigningKey } from '../../../server/lib/hmac.ts';

describe('webhook events', () => {
  it('are JSON whatever names and data hold, data always a string', () => {
    const json = webhookEventJson(
      {
        name: 'client_event',
        channel: 'presence-a',
        event: 'client-"\\\n',
        data: '{"text":"\u2028 😀 \ud800"}',
        socketId: '1.2',
        userId: 'ü"',
      },
      'id-1',
    );
    expect(JSON.parse(json)).toEqual({
      name: 'client_event',
      channel: 'presence-a',
      event: 'client-"\\\n',
      data: '{"text":"\u2028 😀 \ud800"}',
      socket_id: '1.2',
      user_id: 'ü"',
      id: 'id-1',
    });
    // A lone surrogate would not survive UTF-8, and the signature with it.
    expect(Buffer.from(json, 'utf8').toString('utf8')).toBe(json);
  });

  it('leave out what they do not have', () => {
    expect(webhookEventJson({ name: 'cache_miss', channel: 'cache-a' }, 'i')).toBe(
      '{"name":"cache_miss","channel":"cache-a","id":"i"}',
    );
    expect(webhookEventJson({ name: 'subscription_count', channel: 'a', subscriptionCount: 0 }, 'i')).toBe(
      '{"name":"subscription_count","channel":"a","subscription_count":0,"id":"i"}',
    );
  });
});

describe('webhook bodies', () => {
  // Published with the official SDKs' own tests.
  it('are signed as the SDKs check them', () => {
    const body = webhookBody(1327078148132, ['{"name":"event_name","some":"data"}']);
    expect(body).toBe('{"time_ms":1327078148132,"events":[{"name":"event_name","some":"data"}]}');
    expect(new SigningKey('secret').sign(body)).toBe(
      '05a115b7898e4956cf46df2dd2822b3b913a4255343acd82d31609f222765c6a',
    );
  });
});
