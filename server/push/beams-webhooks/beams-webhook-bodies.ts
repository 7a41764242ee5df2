/** What webhooks of Beams say, byte for byte, and how they are signed. Pure. */
import { createHash, createHmac } from 'node:crypto';
import type { FinishedPublish } from '../push-queue.ts';

export type BeamsEventType =
  | 'v1.PublishToUsersAttempt'
  | 'v1.UserNotificationAcknowledgement'
  | 'v1.UserNotificationOpen';

export interface BeamsEvent {
  readonly type: BeamsEventType;
  readonly payload: object;
}

export const USERS_ATTEMPTED = 'v1.PublishToUsersAttempt';

export function usersAttempted(
  instanceId: string,
  publishId: string,
  { delivered, noDevices, failed }: NonNullable<FinishedPublish['users']>,
): BeamsEvent {
  return {
    type: USERS_ATTEMPTED,
    payload: {
      instance_id: instanceId,
      publish_id: publishId,
      users_delivered_to_gateway: delivered,
      users_no_devices: noDevices,
      users_gateway_failed: failed,
    },
  };
}

export function notificationReceived(
  instanceId: string,
  publishId: string,
  userId: string,
  kind: 'delivered' | 'opened',
): BeamsEvent {
  return {
    type: kind === 'delivered' ? 'v1.UserNotificationAcknowledgement' : 'v1.UserNotificationOpen',
    payload: { instance_id: instanceId, publish_id: publishId, user_id: userId },
  };
}

/**
 * @param at milliseconds since the epoch
 * @param customData as configured for the webhook
 */
export function eventBody(
  { type, payload }: BeamsEvent,
  eventId: string,
  at: number,
  customData: Readonly<Record<string, unknown>>,
): string {
  const metadata = { created_at: zoned(at), event_type: type, event_id: eventId, product: 'beams' };
  return JSON.stringify({ payload, metadata, custom_data: customData });
}

/** A numeric zone without a colon, as Beams has it. */
const zoned = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}+0000`;

/** The deprecated webhook of one publish. @param requestBody the publish's body, JSON */
export function startedBody(publishId: string, requestBody: string): string {
  return `{"publishId":${JSON.stringify(publishId)},"status":"STARTED","requestBody":${requestBody}}`;
}

export function finishedBody(
  publishId: string,
  requestBody: string,
  byProvider: FinishedPublish['byProvider'],
): string {
  const results = byProvider.map(({ provider, sent, failed }) => [
    provider === 'webpush' ? 'web' : provider,
    { numSuccessfulPublishes: sent, numFailedPublishes: failed },
  ]);
  return `{"publishId":${JSON.stringify(publishId)},"status":"FINISHED","requestBody":${requestBody},"results":${JSON.stringify(Object.fromEntries(results))}}`;
}

/** Hex HMAC-SHA1 of the body. */
export function signatureOf(body: string, secret: string): string {
  return createHmac('sha1', secret).update(body).digest('hex');
}

/** A configured webhook has no id of its own; this one stays the same as long as its address does. */
export function webhookIdOf(instanceId: string, url: string): string {
  const digest = createHash('sha256').update(`${instanceId.toLowerCase()} ${url}`).digest('hex');
  // Marked as a UUID of version 8: made by rules of our own.
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `a${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-');
}
