/** A device that notifications can reach, as the registry knows it, whichever door it came in by. */

export type ProviderName = 'fcm' | 'apns' | 'hms' | 'webpush';

export type Platform = 'ios' | 'android' | 'web' | 'macos';

/** The door that registered a device last. Devices of Beams get Beams' own data with every notification. */
export type Door = 'beams' | 'centrifugo' | 'kinvey';

/** What a provider needs to address a device: what `PushProvider` sends to. */
export interface Address {
  /**
   * FCM and HMS: the registration token. APNs: the device token in lower-case hex. Web Push: the subscription as JSON,
   * `{"endpoint":…,"keys":{"p256dh":…,"auth":…}}` with exactly these keys in this order.
   */
  readonly token: string;
}

export interface Device extends Address {
  /** `{fcm|apns|hms|web}-{uuid}`; whoever knows it may act for the device at the Beams door. */
  readonly id: string;
  readonly appId: string;
  readonly provider: ProviderName;
  readonly platform: Platform;
  /** Undefined: nobody's. Never ''. */
  readonly user: string | undefined;
  readonly door: Door;
  /** Opaque to us; returned on request. */
  readonly meta: Readonly<Record<string, string>>;
  /** Key-value pairs of the Centrifugo door. */
  readonly tags: Readonly<Record<string, string>>;
  /** What only one door knows of it: `bundleIdentifier`, `framework`, `service`, `timezone`, `locale`. */
  readonly details: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Milliseconds since the epoch of the last registration or change; a notification does not count. */
  readonly updatedAt: number;
}

/**
 * Two name spaces: a client may write its interests, only a backend its channels. A name that matches one of the app's
 * `sharedNames` is one group in both.
 */
export type NameSpace = 'interest' | 'channel';
