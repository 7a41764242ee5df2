/** A registry of devices over a test's database, and registrations for it. */
import type { Transaction } from 'kysely';
import type { Database } from '../../server/database/database.ts';
import type { Tables } from '../../server/database/tables.ts';
import { randomIds } from '../../server/lib/random-ids.ts';
import type { Audience, RegistryTarget } from '../../server/push/audience.ts';
import type { Device } from '../../server/push/device.ts';
import type { DeviceStore, PageQuery, Registration, RegistrationId } from '../../server/push/device-store.ts';
import { SharedNames } from '../../server/push/storage/shared-names.ts';
import { SqlAudience } from '../../server/push/storage/sql-audience.ts';
import { SqlDeviceStore } from '../../server/push/storage/sql-device-store.ts';
import { FakeClock } from './fake-clock.ts';

export interface TestRegistry {
  readonly store: DeviceStore;
  readonly audience: Audience;
  readonly clock: FakeClock;
  /** Patterns of the app's shared names, to be set before they are needed. */
  sharedNames: readonly string[];
  /** Users that were erased elsewhere, as `app user`. */
  readonly erased: string[];
}

export function testRegistry(database: Database): TestRegistry {
  const clock = new FakeClock();
  const erased: string[] = [];
  const shared = new SharedNames(() => registry.sharedNames);
  const eraseUser = async (_: Transaction<Tables>, appId: string, user: string): Promise<void> => {
    erased.push(`${appId} ${user}`);
  };
  const registry: TestRegistry = {
    store: new SqlDeviceStore({ database, shared, clock, ids: randomIds(), eraseUser }),
    audience: new SqlAudience(database, shared),
    clock,
    sharedNames: [],
    erased,
  };
  return registry;
}

export const BY_TOKEN: RegistrationId = { kind: 'byToken' };
export const FRESH: RegistrationId = { kind: 'fresh' };
export const ALL: PageQuery = { after: undefined, limit: 1000 };

export const registration = (token: string, changes: Partial<Registration> = {}): Registration => ({
  provider: 'fcm',
  platform: 'android',
  token,
  door: 'centrifugo',
  user: undefined,
  meta: {},
  tags: {},
  details: {},
  interests: [],
  channels: [],
  ...changes,
});

/** Registers `count` devices alike, several at a time. */
export async function registerMany(
  store: DeviceStore,
  appId: string,
  count: number,
  changes: Partial<Registration> = {},
): Promise<Device[]> {
  const { token = 'token', ...rest } = changes;
  const devices: Device[] = [];
  while (devices.length < count) {
    const numbers = Array.from(
      { length: Math.min(20, count - devices.length) },
      (_, n) => devices.length + n,
    );
    const some = numbers.map((n) => store.register(appId, registration(`${token}-${n}`, rest), BY_TOKEN));
    devices.push(...(await Promise.all(some)));
  }
  return devices;
}

/** Ids of all devices that a target reaches, in the order they come. */
export async function reached(
  { audience }: Pick<TestRegistry, 'audience'>,
  appId: string,
  target: RegistryTarget,
  { limit = 1000, createdUntil = Number.MAX_SAFE_INTEGER } = {},
): Promise<string[]> {
  const ids: string[] = [];
  let after: string | undefined;
  do {
    const page = await audience.devicesOf(appId, target, { createdUntil, after, limit });
    ids.push(...page.items.map(({ id }) => id));
    after = page.next;
  } while (after !== undefined);
  return ids;
}
