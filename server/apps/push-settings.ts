/** How an app's notifications come in and go out. Each part is undefined where it is not set up. */

export interface BeamsWebhookSettings {
  readonly url: string;
  readonly secret: string;
  /** `v1.PublishToUsersAttempt` and so on; all when left out in the configuration. */
  readonly events: readonly string[];
  readonly customData: Readonly<Record<string, unknown>>;
}

export interface BeamsSettings {
  /** A UUID; unique among apps. */
  readonly instanceId: string;
  readonly secretKey: string;
  readonly webhooks: readonly BeamsWebhookSettings[];
  /** Let a device change its user, where Beams answers 400. */
  readonly allowUserChange: boolean;
  /** Devices of one platform a user may have; 0 lifts it. */
  readonly devicesPerUser: number;
  /** Interests a new device starts with, told in `initialInterestSet`. */
  readonly initialInterests: readonly string[];
  /** Accepted as `iss` of user tokens beside Beams' own. */
  readonly issuers: readonly string[];
}

export interface CentrifugoPushSettings {
  readonly apiKey: string;
}

export interface KinveySettings {
  readonly appKey: string;
  readonly appSecret: string;
  readonly masterSecret: string;
}

export interface FcmSettings {
  /** A service account's JSON, read from its file. */
  readonly credentials: string;
  /** Where messages go instead of Google's address; `http://` means HTTP/2 without TLS. */
  readonly endpoint: string | undefined;
}

export type ApnsCredentials =
  | { readonly kind: 'token'; readonly key: string; readonly keyId: string; readonly teamId: string }
  | { readonly kind: 'certificate'; readonly pfx: Buffer; readonly passphrase: string | undefined };

export interface ApnsSettings {
  readonly credentials: ApnsCredentials;
  readonly bundleId: string;
  readonly endpoint: string | undefined;
}

export interface WebPushSettings {
  /** base64url of the uncompressed point, 65 bytes. */
  readonly publicKey: string;
  /** base64url, 32 bytes. */
  readonly privateKey: string;
  /** `mailto:` or `https:`. */
  readonly subject: string;
  /** Origins of push services beside the known ones that subscriptions may point at. */
  readonly allowedOrigins: readonly string[];
}

export interface HmsSettings {
  readonly appId: string;
  readonly appSecret: string;
  readonly endpoint: string | undefined;
  readonly tokenEndpoint: string | undefined;
}

export interface PushSettings {
  readonly beams: BeamsSettings | undefined;
  readonly centrifugo: CentrifugoPushSettings | undefined;
  readonly kinvey: KinveySettings | undefined;
  readonly fcm: FcmSettings | undefined;
  readonly apns: ApnsSettings | undefined;
  readonly webPush: WebPushSettings | undefined;
  readonly hms: HmsSettings | undefined;
  /** Patterns with `*`: names that are one group for interests and channels. */
  readonly sharedNames: readonly string[];
  /** Patterns with `{user}`: channels that are a user's, as far as an event's notification goes. */
  readonly userChannels: readonly string[];
}

/** An app without push. */
export const NO_PUSH: PushSettings = {
  beams: undefined,
  centrifugo: undefined,
  kinvey: undefined,
  fcm: undefined,
  apns: undefined,
  webPush: undefined,
  hms: undefined,
  sharedNames: [],
  userChannels: [],
};

/** Whether the app has a provider to send notifications with. */
export function canSend({ fcm, apns, webPush, hms }: PushSettings): boolean {
  return fcm !== undefined || apns !== undefined || webPush !== undefined || hms !== undefined;
}
