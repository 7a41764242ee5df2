/** What a publish says to each provider, in the provider's own form. A device whose provider has no block is skipped. */

export interface Payloads {
  /** A `Message` of FCM HTTP v1, without its target. */
  readonly fcm?: object | undefined;
  readonly apns?: ApnsPayload | undefined;
  readonly webpush?: WebPushPayload | undefined;
  /** A `message` of HMS Push Kit, without its target. */
  readonly hms?: object | undefined;
}

export interface ApnsPayload {
  /** `apns-…` headers, without `apns-topic` unless the sender insists on one. Values as sent. */
  readonly headers: Readonly<Record<string, string>>;
  /** The notification itself: `{"aps":…,…}`. */
  readonly payload: object;
}

export interface WebPushPayload {
  /** Seconds the push service keeps it; undefined: four weeks. */
  readonly ttl?: number | undefined;
  readonly urgency?: string | undefined;
  /** Replaces an undelivered message of the same topic: up to 32 characters of the base64url alphabet. */
  readonly topic?: string | undefined;
  /** What the service worker gets, as JSON. */
  readonly payload: object;
}
