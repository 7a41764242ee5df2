/**
 * The registry of devices: who they belong to and what they listen to. One registry per app; the doors are views of it.
 *
 * A (provider, token) stands in an app at most once. A subscription row knows where it came from: from the device
 * itself, or copied from a binding of its user; what a binding brought goes with the binding or with the user.
 * Every call is one transaction. Lists are in the order of ids, page by page: a page holds what comes after a key, so
 * that rows which come and go meanwhile shift nothing.
 */
import type { Device, Door, NameSpace, Platform, ProviderName } from './device.ts';

export interface Registration {
  readonly provider: ProviderName;
  readonly platform: Platform;
  readonly token: string;
  readonly door: Door;
  readonly user: string | undefined;
  readonly meta: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly details: Readonly<Record<string, string>>;
  /** The device's own subscriptions, the full list. */
  readonly interests: readonly string[];
  readonly channels: readonly string[];
}

/** Which id a registration ends up with. */
export type RegistrationId =
  /** A new one; whatever else had the token is forgotten, its user and subscriptions with it (Beams). */
  | { readonly kind: 'fresh' }
  /** That of the device with this token, else a new one (Kinvey; Centrifugo without an id). */
  | { readonly kind: 'byToken' }
  /**
   * The given one if such a device exists: it gets this token, and another device that had the token is forgotten. Else
   * as `byToken`.
   */
  | { readonly kind: 'given'; readonly id: string };

export type SetUserResult = 'done' | 'no device' | 'other user' | 'too many devices';

export type SetOperation = 'add' | 'remove' | 'set';

/** Lists within one field are alternatives, fields must all fit, an absent field fits everything. */
export interface DeviceFilter {
  readonly ids?: readonly string[] | undefined;
  readonly users?: readonly string[] | undefined;
  readonly providers?: readonly ProviderName[] | undefined;
  readonly platforms?: readonly Platform[] | undefined;
  readonly channels?: readonly string[] | undefined;
  readonly tokens?: readonly string[] | undefined;
  readonly providerTokens?:
    | readonly { readonly provider: ProviderName; readonly tokens: readonly string[] }[]
    | undefined;
}

export interface DeviceChanges {
  /** '' detaches. The bindings of the user before go, those of the new one come. */
  readonly user?: string | undefined;
  readonly meta?: Readonly<Record<string, string>> | undefined;
  /** `remove` looks at the keys only. */
  readonly tags?:
    | { readonly operation: SetOperation; readonly tags: Readonly<Record<string, string>> }
    | undefined;
  readonly channels?: { readonly operation: SetOperation; readonly channels: readonly string[] } | undefined;
  /** Replaces what is named; '' removes it. */
  readonly details?: Readonly<Record<string, string>> | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
}

export interface PageQuery {
  /** Items after this key, which need not exist any more; undefined from the beginning. */
  readonly after: string | undefined;
  readonly limit: number;
}

/** A device with the names it listens to as a sender sees them: its own and those of its user's bindings. */
export interface ListedDevice extends Device {
  readonly channels: readonly string[];
}

/** A user's standing subscription, for all devices the user has or will have. */
export interface UserBinding {
  /** Sortable. */
  readonly id: string;
  readonly user: string;
  readonly channel: string;
}

export interface BindingFilter {
  readonly users?: readonly string[] | undefined;
  readonly channels?: readonly string[] | undefined;
  readonly channelPrefix?: string | undefined;
}

export interface DeviceStore {
  /** Writes the whole state of a device. */
  register(appId: string, registration: Registration, id: RegistrationId): Promise<Device>;
  find(appId: string, id: string): Promise<Device | undefined>;
  /** Gives a device a new token; another device that had it is forgotten. False: no such device. */
  setToken(appId: string, id: string, token: string): Promise<boolean>;
  /** Changes every device that fits; returns how many. Whoever calls sees to it that the filter is not empty. */
  update(appId: string, filter: DeviceFilter, changes: DeviceChanges): Promise<number>;
  /** Removes every device that fits, with its subscriptions; returns how many. Bindings of users stay. */
  remove(appId: string, filter: DeviceFilter): Promise<number>;
  /** Removes a device whose token a provider calls dead, if it still has that token. */
  removeDead(appId: string, id: string, token: string): Promise<boolean>;
  /** Removes devices of all apps that were not registered or changed since; returns how many. Works in small steps. */
  removeInactive(before: number): Promise<number>;
  list(appId: string, filter: DeviceFilter, page: PageQuery): Promise<Page<ListedDevice>>;
  /** How many there are in all. */
  count(appId: string, filter: DeviceFilter): Promise<number>;

  /** Makes a user the owner of a device that has none. At most `maxDevices` of the device's platform; 0 for any number. */
  setUser(appId: string, id: string, user: string, maxDevices: number): Promise<SetUserResult>;
  /** Forgets a user: devices, bindings, and the name in what was sent. */
  removeUser(appId: string, user: string): Promise<void>;

  /** Names in the interest space that a device listens to, in the order of their bytes; undefined: no such device. */
  interests(appId: string, id: string, page: PageQuery): Promise<Page<string> | undefined>;
  /**
   * Changes a device's interests.
   * @param limit names a device may listen to
   */
  changeInterests(
    appId: string,
    id: string,
    operation: SetOperation,
    names: readonly string[],
    limit: number,
  ): Promise<'done' | 'no device' | 'too many'>;

  changeBindings(
    appId: string,
    user: string,
    operation: SetOperation,
    channels: readonly string[],
  ): Promise<void>;
  bindings(appId: string, filter: BindingFilter, page: PageQuery): Promise<Page<UserBinding>>;
  countBindings(appId: string, filter: BindingFilter): Promise<number>;
}

/** Names by the space they are looked up in. */
export interface GroupName {
  readonly space: NameSpace;
  readonly name: string;
}
