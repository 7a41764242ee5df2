/**
 * An application: the tenant that connections, channels, users and keys belong to. A frozen value; what may
 * change while running is a new value from the registry.
 */
import type { WebhookKind } from '../../protocol/index.ts';

import type { AuthSettings } from './auth-settings.ts';
import type { PushSettings } from './push-settings.ts';

/** One key pair. Every listed pair is valid for sockets, channel auth and the HTTP API; webhooks use the first. */
export interface Credential {
  readonly key: string;
  readonly secret: string;
}

/** Optional parts of the protocol, each switched per app. */
export interface AppFeatures {
  /** Accept `client-` events from sockets. */
  readonly clientEvents: boolean;
  /** Send `pusher_internal:subscription_count` and answer `subscription_count` queries. */
  readonly subscriptionCounts: boolean;
  /** Send online/offline events for the `watchlist` given at sign-in. */
  readonly watchlists: boolean;
}

/** Per-app bounds. A limit documented as "0 lifts it" is switched off by zero. */
export interface AppLimits {
  /** Sockets of this app on this node; 0 lifts it. Past it: close 4004. */
  readonly connections: number;
  /** Channels one connection may hold. Past it: subscription error `LimitReached`. */
  readonly channelsPerConnection: number;
  /** Characters of a channel name, prefix included. */
  readonly channelNameLength: number;
  /** Characters of an event name. */
  readonly eventNameLength: number;
  /** Bytes of UTF-8 of one event's data. */
  readonly eventDataBytes: number;
  /** Channels one trigger may name. */
  readonly channelsPerTrigger: number;
  /** Events in one batch. */
  readonly eventsPerBatch: number;
  /** Distinct users in one presence channel; 0 lifts it. */
  readonly presenceMaxMembers: number;
  /** Bytes of UTF-8 of `channel_data`. */
  readonly presenceUserBytes: number;
  /** Characters of a user id. */
  readonly userIdLength: number;
  /** Client events a connection may send in one second; 0 lifts it. */
  readonly clientEventsPerSecond: number;
  /** Ids one watchlist may hold; the rest is cut off. */
  readonly watchlistSize: number;
  /** Seconds the last event of a cache channel is kept. */
  readonly cacheTtlSeconds: number;
}

/** Which channels an endpoint hears of: every part given must fit the channel's name. */
export interface WebhookFilter {
  readonly prefix?: string | undefined;
  readonly suffix?: string | undefined;
  /** A regular expression, found anywhere in the name. */
  readonly pattern?: string | undefined;
}

/** Where webhooks go, and which. */
export interface WebhookSettings {
  /** `http:` or `https:`. */
  readonly url: string;
  readonly events: readonly WebhookKind[];
  readonly filter: WebhookFilter;
  /** Sent beside ours, never in their place. */
  readonly headers: Readonly<Record<string, string>>;
  /** False: one event per request. */
  readonly batch: boolean;
}

export interface App {
  readonly id: string;
  /** At least one; the oldest first. */
  readonly credentials: readonly Credential[];
  /** False: sockets are closed with 4003, the HTTP API answers 403. */
  readonly enabled: boolean;
  /** True: plain `ws://` is closed with 4000. */
  readonly forceTls: boolean;
  /** Origins (`https://example.com`, `*.example.com`, `*`) a browser may connect from; empty allows all. */
  readonly allowedOrigins: readonly string[];
  /** Seconds of silence after which a client pings, told in `connection_established`. */
  readonly activityTimeoutSeconds: number;
  /** Seconds within which a connection must sign in or join an authorized channel; 0 asks for neither. */
  readonly authorizationTimeoutSeconds: number;
  /** Hosted auth endpoints; undefined where there are none. */
  readonly auth: AuthSettings | undefined;
  readonly features: AppFeatures;
  readonly limits: AppLimits;
  readonly webhooks: readonly WebhookSettings[];
  readonly push: PushSettings;
}
