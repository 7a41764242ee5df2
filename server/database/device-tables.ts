/** Tables of the device registry; migrations 001 and 002. Times are milliseconds since the epoch. */
import type { Generated } from 'kysely';
import type { Door, NameSpace, Platform, ProviderName } from '../push/device.ts';

export interface DeviceRow {
  id: string;
  app_id: string;
  provider: ProviderName;
  platform: Platform;
  token: string;
  /** Base64url of the SHA-256 of what makes the token unique: tokens are too long for an index. */
  token_hash: string;
  /** Null: nobody's. Never ''. */
  user_id: string | null;
  door: Door;
  /** JSON objects with texts as values. */
  meta: string;
  tags: string;
  details: string;
  created_at: number;
  updated_at: number;
}

/** A name that a device listens to. */
export interface SubscriptionRow {
  device_id: string;
  /** The device's, once more, so that one index leads from a name to its devices. */
  app_id: string;
  space: NameSpace;
  name: string;
  /** `binding`: copied from a binding of the device's user, and goes with it. */
  origin: 'device' | 'binding';
}

export interface UserBindingRow {
  id: Generated<number>;
  app_id: string;
  user_id: string;
  channel: string;
}

export interface DeviceTables {
  devices: DeviceRow;
  subscriptions: SubscriptionRow;
  user_bindings: UserBindingRow;
}
