/** The Kinvey door, put together. */
import type { AppRegistry } from '../../apps/app-registry.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Ids } from '../../lib/ids.ts';
import type { Logger } from '../../lib/logger.ts';
import type { OccasionalLog } from '../../lib/occasional-log.ts';
import type { RateLimiter } from '../../limits/rate-limiter.ts';
import { Strangers } from '../../limits/strangers.ts';
import type { AddressPolicy } from '../../outgoing/address-policy.ts';
import type { DeviceStore } from '../../push/device-store.ts';
import { KinveySessions } from '../../push/kinvey/kinvey-sessions.ts';
import type { KinveyUsers } from '../../push/kinvey/kinvey-users.ts';
import { PasswordHash } from '../../push/kinvey/password-hash.ts';
import type { Publishing } from '../../push/publishing.ts';
import { KinveyAccounts } from './kinvey-accounts.ts';
import { KinveyApps } from './kinvey-apps.ts';
import { KinveyDevices } from './kinvey-devices.ts';
import { KinveySends } from './kinvey-sends.ts';
import { type KinveyRegistry, KinveySite } from './kinvey-site.ts';

export interface KinveyStores {
  readonly devices: DeviceStore;
  readonly users: KinveyUsers;
}

export interface KinveyPorts {
  readonly registry: Pick<AppRegistry, 'all' | 'byId'>;
  /** Undefined without a database. */
  readonly stores: KinveyStores | undefined;
  readonly publishing: Publishing;
  readonly policy: AddressPolicy;
  readonly limiter: RateLimiter;
  readonly strangers: Strangers;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly log: OccasionalLog;
}

/** Passwords that one public address may have looked at, or kept: a part of what a node has time and room for. */
const PASSWORDS = { perSecond: 5, burst: 50 };

export function kinveyDoor(ports: KinveyPorts): KinveySite {
  const { registry, stores, publishing, policy, limiter, strangers, ids, logger, log } = ports;
  return new KinveySite({
    apps: new KinveyApps(registry),
    registry: stores && registryOver(stores, ports),
    sends: new KinveySends({ publishing, users: stores?.users, policy }),
    ids,
    strangers,
    guessers: new Strangers('kinvey/passwords', PASSWORDS, limiter),
    logger,
    log,
  });
}

function registryOver(
  { devices, users }: KinveyStores,
  { policy, limiter, ids, clock }: KinveyPorts,
): KinveyRegistry {
  const passwords = new PasswordHash();
  const sessions = new KinveySessions({ users, passwords, limiter, ids, clock });
  return {
    sessions,
    accounts: new KinveyAccounts({ users, sessions, passwords, devices, ids }),
    devices: new KinveyDevices({ devices, users, policy }),
  };
}
