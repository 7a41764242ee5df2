/** Expected frames, whole, in the wire types of the protocol. */
import { expect } from 'vitest';
import type { Frame } from './raw-client.ts';

/** The JSON value of a frame: compare this, so that no extra key goes unseen. */
export function whole(frame: Frame): unknown {
  return JSON.parse(frame.raw);
}

export function wholeAll(frames: readonly Frame[]): unknown[] {
  return frames.map(whole);
}

/** A frame whose `data` is a string of JSON, with that JSON parsed in place; throws if it is not a string. */
export function opened(frame: Frame): Record<string, unknown> {
  const value = JSON.parse(frame.raw);
  if (typeof value.data !== 'string') throw new Error(`data is not a string in ${frame.raw}`);
  return { ...value, data: JSON.parse(value.data) };
}

/** `pusher:error` with a null code: the refusal that keeps the connection. */
export function softError(message: unknown = expect.any(String)): object {
  return { event: 'pusher:error', data: { code: null, message } };
}

export function errorWithCode(code: number, message: unknown = expect.any(String)): object {
  return { event: 'pusher:error', data: { code, message } };
}

export function succeeded(channel: string): object {
  return { event: 'pusher_internal:subscription_succeeded', channel, data: '{}' };
}

/** `pusher:subscription_error`, as `opened` shows it. */
export function refusal(channel: string, type: unknown, status: unknown): object {
  return {
    event: 'pusher:subscription_error',
    channel,
    data: { type, error: expect.any(String), status },
  };
}

/** `member_added`, as `opened` shows it. */
export function memberAdded(channel: string, data: object): object {
  return { event: 'pusher_internal:member_added', channel, data };
}

/** `member_removed`, as `opened` shows it. */
export function memberRemoved(channel: string, userId: string): object {
  return { event: 'pusher_internal:member_removed', channel, data: { user_id: userId } };
}

export function subscriptionCount(channel: string, count: number): object {
  return {
    event: 'pusher_internal:subscription_count',
    channel,
    data: JSON.stringify({ subscription_count: count }),
  };
}

export function cacheMiss(channel: string): object {
  return { event: 'pusher:cache_miss', channel, data: '{}' };
}

/** The two frames of a refused subscription, in order. */
export async function expectRefused(
  client: { expectNext(): Promise<Frame> },
  channel: string,
  type: unknown,
  status: unknown,
  message?: unknown,
): Promise<void> {
  expect(opened(await client.expectNext())).toEqual(refusal(channel, type, status));
  expect(whole(await client.expectNext())).toEqual(softError(message));
}
