import { expect, it } from 'vitest';
import { parseStored } from '../../../../server/webhooks/stored-event.ts';

const GOOD = { i: 'id', a: '1', k: 'member_added', c: 'presence-a', u: 'ada', t: '1700000000000' };

const parsed = (fields: object) => parseStored('1-1', Object.entries({ ...GOOD, ...fields }).flat(), [], 0);

const client = (changes: object = {}): string =>
  JSON.stringify({
    name: 'client_event',
    channel: 'presence-a',
    event: 'client-a',
    data: '1',
    socketId: '1.1',
    ...changes,
  });

it('an event is read as it was written', () => {
  expect(JSON.parse(parsed({})?.event.json ?? '')).toEqual({
    name: 'member_added',
    channel: 'presence-a',
    user_id: 'ada',
    id: 'id',
  });
  expect(JSON.parse(parsed({ k: 'client_event', e: client() })?.event.json ?? '')).toEqual({
    name: 'client_event',
    channel: 'presence-a',
    event: 'client-a',
    data: '1',
    socket_id: '1.1',
    id: 'id',
  });
  expect(parsed({ j: '{"name":"cache_miss"}' })?.event.json).toBe('{"name":"cache_miss"}');
});

it.each([
  ['a kind of a later version', { k: 'later' }],
  ['no time', { t: 'soon' }],
  ['details that are no JSON', { k: 'client_event', e: '{' }],
  ['details that are nothing', { k: 'client_event', e: 'null' }],
  ['details of another kind', { k: 'subscription_count', e: client() }],
  ['details without data', { k: 'client_event', e: client({ data: undefined }) }],
  ['a user that is no text', { k: 'client_event', e: client({ userId: 1 }) }],
  ['a count that is none', { k: 'subscription_count', e: '{"name":"subscription_count","channel":"a"}' }],
  ['a body that is no JSON', { j: 'nonsense' }],
])('%s is not understood, and nothing fails over it', (_, fields) => {
  expect(parsed(fields)).toBeUndefined();
});
