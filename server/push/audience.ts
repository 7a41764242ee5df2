/** Whom a publish reaches: the registry as the pipeline reads it. */
import type { Page } from './device-store.ts';
import type { Device } from './device.ts';
import type { PublishTarget } from './publish.ts';

export type AudienceDevice = Pick<Device, 'id' | 'provider' | 'platform' | 'token' | 'user' | 'door'>;

/** Targets that are looked up in the registry. */
export type RegistryTarget = Extract<
  PublishTarget,
  { readonly kind: 'interests' | 'channels' | 'users' | 'devices' | 'all' }
>;

export interface AudienceQuery {
  /** Milliseconds since the epoch: devices registered later are not meant. */
  readonly createdUntil: number;
  /** Devices with ids after this one; undefined from the beginning. */
  readonly after: string | undefined;
  readonly limit: number;
}

export interface Audience {
  /** Each device once, in the order of ids, however many of the names it listens to. */
  devicesOf(appId: string, target: RegistryTarget, query: AudienceQuery): Promise<Page<AudienceDevice>>;
  /** Those that exist, in any order. */
  byIds(appId: string, ids: readonly string[]): Promise<readonly AudienceDevice[]>;
}
