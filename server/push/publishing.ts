/** What the doors ask of the pipeline. */
import type { Page, PageQuery } from './device-store.ts';
import type { Accepted, NewPublish, Outcome, PublishReport } from './publish.ts';

/** What a device did with a notification. */
export interface Receipt {
  readonly publicId: string;
  readonly deviceId: string;
  readonly kind: 'delivered' | 'opened';
  /** The device's clock, milliseconds since the epoch. */
  readonly clientTime: number | undefined;
  readonly flags: Readonly<Record<string, boolean>>;
}

/** Why a publish is not accepted. */
export type Objection = Exclude<Accepted, { readonly kind: 'accepted' }>;

export interface Publishing {
  /** What `accept` would say against a publish, as far as the publish itself tells; undefined if nothing. Keeps nothing. */
  objectionTo(publish: NewPublish): Objection | undefined;
  /** Checks a publish and keeps it, in one transaction: from then on it is sent whatever happens to this node. */
  accept(publish: NewPublish): Promise<Accepted>;
  /** Stops what has not been handed to a provider yet. False: no such publish, or nothing left to stop. */
  cancel(appId: string, publicId: string): Promise<boolean>;
  report(appId: string, publicId: string): Promise<PublishReport | undefined>;
  outcomes(appId: string, publicId: string, page: PageQuery): Promise<Page<Outcome>>;
  /**
   * Notes what a device did; once per publish, device and kind. Unknown publishes and devices are none of its business.
   * @returns the device's user if this is news and the device has one
   */
  received(
    appId: string,
    receipt: Receipt,
  ): Promise<{ readonly news: boolean; readonly user: string | undefined }>;
}
