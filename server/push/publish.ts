/** A notification to be sent: to whom, what, when. */
import type { Door, ProviderName } from './device.ts';
import type { DeviceFilter } from './device-store.ts';
import type { Payloads } from './payloads.ts';

export type PublishTarget =
  /** Devices that listen to any of the names; one notification each. */
  | { readonly kind: 'interests'; readonly interests: readonly string[] }
  | { readonly kind: 'channels'; readonly channels: readonly string[] }
  /** All devices of the users. */
  | { readonly kind: 'users'; readonly users: readonly string[] }
  | { readonly kind: 'devices'; readonly ids: readonly string[] }
  | { readonly kind: 'filter'; readonly filter: DeviceFilter }
  /** Every device of the app. */
  | { readonly kind: 'all' }
  /** Addresses that need not be in the registry. */
  | { readonly kind: 'tokens'; readonly provider: ProviderName; readonly tokens: readonly string[] }
  /** Groups that a provider keeps: one request. */
  | { readonly kind: 'topic'; readonly provider: ProviderName; readonly topic: string }
  | { readonly kind: 'condition'; readonly provider: ProviderName; readonly condition: string };

/** Only users who are not connected: the notification that goes with a Channels event. */
export interface OfflineOnly {
  /** Milliseconds a user has to connect; whoever is or comes online in that time gets no notification. */
  readonly withinMs: number;
}

export interface NewPublish {
  readonly appId: string;
  readonly door: Door | 'channels';
  /** What the caller calls it: unique in its app. Undefined: a new `pubid-{uuid}` for Beams, else a uuid. */
  readonly publicId: string | undefined;
  readonly target: PublishTarget;
  readonly payloads: Payloads;
  /** Milliseconds since the epoch: not before, not after. Undefined: at once; until the retries are used up. */
  readonly sendAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly offlineOnly: OfflineOnly | undefined;
  /**
   * Values for `{{name}}` in the payloads' texts, by user, over what is known of the user when it is sent: each device
   * gets its user's. Undefined: texts go as they are.
   */
  readonly variables: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  /**
   * Two publishes of one app with the same key within 24 hours are the same publish: the second is answered like the
   * first if `fingerprint` is equal too, and refused if not.
   */
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | undefined;
  /** What the Beams door wants to tell webhooks of this publish: the address in the body, and the body. */
  readonly publishWebhook: { readonly url: string; readonly requestBody: string } | undefined;
}

export type Accepted =
  | { readonly kind: 'accepted'; readonly publicId: string }
  /** The idempotency key or the public id belongs to a different publish. */
  | { readonly kind: 'conflict' }
  /** A payload that its provider would never take, or a provider that the app doesn't have where one is named. */
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'no provider'; readonly provider: ProviderName };

/** `expired`: its time was over before everybody had been tried. */
export type PublishStatus = 'scheduled' | 'running' | 'finished' | 'cancelled' | 'expired';

export interface PublishCounts {
  readonly targeted: number;
  readonly sent: number;
  readonly failed: number;
  /** Their devices were removed; counted in `failed` too. */
  readonly dead: number;
  /** No payload for the provider, provider not set up, user online, device removed meanwhile. */
  readonly skipped: number;
  /** Their time was over before a provider took it. */
  readonly expired: number;
  readonly cancelled: number;
  readonly delivered: number;
  readonly opened: number;
}

export interface PublishReport {
  readonly publicId: string;
  readonly door: NewPublish['door'];
  readonly status: PublishStatus;
  readonly createdAt: number;
  readonly finishedAt: number | undefined;
  readonly counts: PublishCounts;
}

/** What became of a publish at one device. */
export interface Outcome {
  /** What the next page comes after. */
  readonly key: string;
  readonly deviceId: string | undefined;
  readonly provider: ProviderName;
  /** Undefined: the device was nobody's, or it isn't known any more whose it was. */
  readonly user: string | undefined;
  readonly status: 'sent' | 'failed' | 'dead' | 'skipped' | 'expired' | 'cancelled';
  readonly tries: number;
  readonly code: string | undefined;
  readonly reason: string | undefined;
  readonly messageId: string | undefined;
  readonly at: number;
  readonly deliveredAt: number | undefined;
  readonly openedAt: number | undefined;
}
