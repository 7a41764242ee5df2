/**
 * Frames to clients as text. `data` is a JSON string inside the frame in every event but `pusher:error`.
 * PROTOCOL.md, "Frames".
 */
import { quote } from './text.ts';

/** `data` of the frames that carry nothing. */
const EMPTY = '"{}"';

export const PONG = '{"event":"pusher:pong","data":"{}"}';

/**
 * An application event.
 * @param dataJson the event's data, already a JSON string (`quote(data)`): escaped once, whatever the channels
 * @param userId the sender on a presence channel, client events only
 */
export function eventFrame(event: string, channel: string, dataJson: string, userId?: string): string {
  const frame = `{"event":${quote(event)},"channel":${quote(channel)},"data":${dataJson}`;
  return userId === undefined ? `${frame}}` : `${frame},"user_id":${quote(userId)}}`;
}

/** @param activityTimeout seconds, positive: clients fail the handshake on 0 */
export function connectionEstablished(socketId: string, activityTimeout: number): string {
  return `{"event":"pusher:connection_established","data":"{\\"socket_id\\":\\"${socketId}\\",\\"activity_timeout\\":${activityTimeout}}"}`;
}

/** @param code null for errors without a number of their own */
export function errorFrame(code: number | null, message: string): string {
  return `{"event":"pusher:error","data":{"code":${code},"message":${quote(message)}}}`;
}

/** Clients of older protocols expect an error before each close of the server's. */
const CLOSE_ONLY_PROTOCOL = 6;

/** What a client of this protocol version is sent before a close; undefined for those that read the close itself. */
export function errorBeforeClose(protocol: number, code: number, text: string): string | undefined {
  return protocol < CLOSE_ONLY_PROTOCOL ? errorFrame(code, text) : undefined;
}

/** @param dataJson the roster of a presence channel, already a JSON string; `"{}"` for the other kinds */
export function subscriptionSucceeded(channel: string, dataJson: string = EMPTY): string {
  return `{"event":"pusher_internal:subscription_succeeded","channel":${quote(channel)},"data":${dataJson}}`;
}

export type SubscriptionErrorType = 'AuthError' | 'InvalidRequest' | 'LimitReached';

export function subscriptionError(
  channel: string,
  type: SubscriptionErrorType,
  error: string,
  status: number,
): string {
  const data = quote(`{"type":"${type}","error":${quote(error)},"status":${status}}`);
  return `{"event":"pusher:subscription_error","channel":${quote(channel)},"data":${data}}`;
}

/** @param userInfo JSON text of an object, or undefined if the member has none */
export function memberAdded(channel: string, userId: string, userInfo: string | undefined): string {
  const info = userInfo === undefined ? '' : `,"user_info":${userInfo}`;
  const data = quote(`{"user_id":${quote(userId)}${info}}`);
  return `{"event":"pusher_internal:member_added","channel":${quote(channel)},"data":${data}}`;
}

export function memberRemoved(channel: string, userId: string): string {
  const data = quote(`{"user_id":${quote(userId)}}`);
  return `{"event":"pusher_internal:member_removed","channel":${quote(channel)},"data":${data}}`;
}

export function subscriptionCount(channel: string, count: number): string {
  return `{"event":"pusher_internal:subscription_count","channel":${quote(channel)},"data":"{\\"subscription_count\\":${count}}"}`;
}

/** Whether a frame, or the beginning of one, is of that kind. */
export function isSubscriptionCount(frame: string): boolean {
  return frame.startsWith('{"event":"pusher_internal:subscription_count"');
}

export function cacheMiss(channel: string): string {
  return `{"event":"pusher:cache_miss","channel":${quote(channel)},"data":${EMPTY}}`;
}

/** @param userData the received string, unchanged */
export function signInSuccess(userData: string): string {
  return `{"event":"pusher:signin_success","data":${quote(`{"user_data":${quote(userData)}}`)}}`;
}

/** Who of a watchlist is online and who is not; an empty list is left out. Undefined when both are empty. */
export function watchlistEvents(online: readonly string[], offline: readonly string[]): string | undefined {
  const events: string[] = [];
  if (online.length > 0) events.push(`{"name":"online","user_ids":${JSON.stringify(online)}}`);
  if (offline.length > 0) events.push(`{"name":"offline","user_ids":${JSON.stringify(offline)}}`);
  if (events.length === 0) return undefined;
  return `{"event":"pusher_internal:watchlist_events","data":${quote(`{"events":[${events.join(',')}]}`)}}`;
}
