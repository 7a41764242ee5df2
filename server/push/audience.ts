/** Whom a publish goes to, page by page: memory does not grow with the audience. */
import type { Address, Door, Platform, ProviderName } from './device.ts';
import type { PublishTarget } from './publish.ts';

/** What sending to a device takes. */
export interface AudienceDevice extends Address {
  readonly id: string;
  readonly provider: ProviderName;
  readonly platform: Platform;
  readonly user: string | undefined;
  readonly door: Door;
}

/** The targets that the registry knows the devices of. */
export type RegistryTarget = Extract<
  PublishTarget,
  { readonly kind: 'interests' | 'channels' | 'users' | 'devices' | 'filter' | 'all' }
>;

export interface AudienceQuery {
  /** Milliseconds since the epoch; devices made later do not belong to the audience. */
  readonly createdUntil: number;
  /** `next` of the page before; undefined: from the beginning. */
  readonly after: string | undefined;
  /** Devices looked at for this page, and so returned at most. */
  readonly limit: number;
}

export interface AudiencePage {
  /** In the order of ids. A page may be empty although others follow. */
  readonly items: readonly AudienceDevice[];
  /** Where the next page begins; undefined: this was the last. */
  readonly next: string | undefined;
}

export interface Audience {
  /**
   * Devices that a target reaches, each once however many of the target's names or users lead to it. Reads what is
   * there at each page's time; a device that leaves the audience meanwhile may or may not be among them.
   */
  devicesOf(appId: string, target: RegistryTarget, query: AudienceQuery): Promise<AudiencePage>;
  /** Those of the devices that still exist, in no particular order. */
  byIds(appId: string, ids: readonly string[]): Promise<readonly AudienceDevice[]>;
}
