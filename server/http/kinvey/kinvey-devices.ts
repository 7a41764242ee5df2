/** Tokens of devices, which Kinvey keeps with their users. */
import type { AddressPolicy } from '../../outgoing/address-policy.ts';
import type { Platform, ProviderName } from '../../push/device.ts';
import type { DeviceStore } from '../../push/device-store.ts';
import { readToken } from '../../push/device-token.ts';
import type { KinveyUsers } from '../../push/kinvey/kinvey-users.ts';
import { type Fields, optionalText, requiredText } from './kinvey-body.ts';
import type { Caller } from './kinvey-credentials.ts';
import { KinveyError } from './kinvey-replies.ts';

export interface KinveyDevicePorts {
  readonly devices: DeviceStore;
  readonly users: KinveyUsers;
  readonly policy: AddressPolicy;
}

/** Bytes. */
const LONGEST_USER = 656;
const LONGEST_TOKEN = 4096;
const LONGEST_DETAIL = 255;
const PLATFORMS: readonly Platform[] = ['ios', 'android'];

interface NamedDevice {
  readonly provider: ProviderName;
  readonly platform: Platform;
  readonly token: string;
  readonly details: Readonly<Record<string, string>>;
}

export class KinveyDevices {
  readonly #ports: KinveyDevicePorts;

  constructor(ports: KinveyDevicePorts) {
    this.#ports = ports;
  }

  /** A token that another user had moves, and what the device listened to for that user is forgotten. */
  async register(appId: string, caller: Caller, body: Fields): Promise<void> {
    const { devices, users } = this.#ports;
    const user = userOf(caller, body);
    const { provider, platform, token, details } = this.#device(body);
    // A backend's word is enough for a user to exist.
    await users.ensure(appId, user);
    const mine = { providerTokens: [{ provider, tokens: [token] }] };
    const { items } = await devices.list(appId, mine, { after: undefined, limit: 1 });
    const [known] = items;
    if (known !== undefined && (known.user === undefined || known.user === user)) {
      // What else is known of the device stays: it may listen to something through another door.
      const filter = { ids: [known.id], ...mine };
      const changes = { user, details: { framework: '', service: '', ...details } };
      if ((await devices.update(appId, filter, changes)) > 0) return;
    }
    await devices.register(
      appId,
      {
        provider,
        platform,
        token,
        door: 'kinvey',
        user,
        meta: {},
        tags: {},
        details,
        interests: [],
        channels: [],
      },
      { kind: 'byToken' },
    );
  }

  /** Done also where there is no such token, or it is another user's. */
  async unregister(appId: string, caller: Caller, body: Fields): Promise<void> {
    const { devices, users } = this.#ports;
    const user = userOf(caller, body);
    const { platform, token } = this.#device(body);
    if (caller.kind === 'master' && (await users.find(appId, user)) === undefined) {
      const { items } = await devices.list(appId, { users: [user] }, { after: undefined, limit: 1 });
      if (items.length === 0) throw new KinveyError('UserNotFound');
    }
    // Whether a device with iOS was registered with Apple or with Google is not said again.
    const providers: readonly ProviderName[] = platform === 'ios' ? ['apns', 'fcm'] : ['fcm'];
    const providerTokens = providers.map((provider) => ({ provider, tokens: [token] }));
    await devices.remove(appId, { users: [user], providerTokens });
  }

  #device(body: Fields): NamedDevice {
    const platform = platformOf(body);
    const text = requiredText(body, 'deviceId', LONGEST_TOKEN);
    const framework = optionalText(body, 'framework', LONGEST_DETAIL);
    const service = optionalText(body, 'service', LONGEST_DETAIL);
    const provider = platform === 'ios' && service?.toLowerCase() !== 'firebase' ? 'apns' : 'fcm';
    const read = readToken(provider, text, { allowedOrigins: [], policy: this.#ports.policy });
    if ('problem' in read) throw new KinveyError('ParameterValueOutOfRange', `deviceId ${read.problem}`);
    const details = { ...(framework && { framework }), ...(service && { service }) };
    return { provider, platform, token: read.token, details };
  }
}

function platformOf(body: Fields): Platform {
  const text = requiredText(body, 'platform', LONGEST_DETAIL);
  const platform = PLATFORMS.find((one) => one === text);
  if (platform === undefined) {
    throw new KinveyError('ParameterValueOutOfRange', `platform must be one of ${PLATFORMS.join(', ')}`);
  }
  return platform;
}

/** Users act for themselves, a backend for whom it names. */
function userOf(caller: Caller, body: Fields): string {
  const named = optionalText(body, 'userId', LONGEST_USER);
  switch (caller.kind) {
    case 'master':
      if (named === undefined) throw new KinveyError('MissingRequestParameter', 'userId is required');
      return named;
    case 'user':
      if (named !== undefined && named !== caller.user.id) throw new KinveyError('InsufficientCredentials');
      return caller.user.id;
    case 'app':
      throw new KinveyError('InsufficientCredentials');
  }
}
