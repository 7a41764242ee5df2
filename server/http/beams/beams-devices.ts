/** What devices ask for: to be registered, changed, forgotten. Who knows a device's id may act for the device. */
import type { Clock } from '../../lib/clock.ts';
import type { AddressPolicy } from '../../outgoing/address-policy.ts';
import type { DeviceStore } from '../../push/device-store.ts';
import type { Instance } from './beams-instances.ts';
import { type BeamsPlatform, type DeviceAction, deviceIdKind } from './beams-paths.ts';
import { badRequest, DEVICE_NOT_FOUND, DONE, problem, type Reply, said } from './beams-reply.ts';
import { changeInterest, type DeviceName, listInterests, setInterests } from './device-interests.ts';
import {
  fcmTokenOf,
  INVALID_METADATA,
  metadataOf,
  NO_FCM_TOKEN,
  registrationOf,
} from './device-registration.ts';
import { setDeviceUser } from './device-user.ts';

/** A request by a device, or for one. */
export interface DeviceCall {
  readonly instance: Instance;
  /** `{}` where there is none. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly query: string;
  readonly authorization: string | undefined;
}

export interface DevicePorts {
  readonly devices: DeviceStore;
  readonly clock: Clock;
  /** Where requests may go. */
  readonly policy: AddressPolicy;
}

const INVALID_DEVICE_ID = badRequest('Invalid device id.');
const NO_WEB_PUSH = problem(
  404,
  'Not found',
  'The instance has no keys for web push: set CARILLON_VAPID_PUBLIC_KEY and CARILLON_VAPID_PRIVATE_KEY.',
);

/** What the page subscribes with, so that the push service takes notifications from us alone. */
export function vapidKey({ app }: Instance): Reply {
  const { webPush } = app.push;
  return webPush === undefined ? NO_WEB_PUSH : said({ vapidPublicKey: webPush.publicKey });
}

export class BeamsDevices {
  readonly #ports: DevicePorts;

  constructor(ports: DevicePorts) {
    this.#ports = ports;
  }

  /** Always a new device: who had this token before is forgotten, so that a shared phone shows nobody else's news. */
  async register(platform: BeamsPlatform, { instance, body }: DeviceCall): Promise<Reply> {
    const { app, beams } = instance;
    const allowedOrigins = app.push.webPush?.allowedOrigins ?? [];
    const registered = registrationOf(platform, body, { allowedOrigins, policy: this.#ports.policy });
    if ('status' in registered) return registered;
    const meta = metadataOf(body['metadata']);
    if (meta === undefined) return INVALID_METADATA;
    const interests = beams.initialInterests;
    const device = await this.#ports.devices.register(
      app.id,
      { ...registered, door: 'beams', user: undefined, meta, tags: {}, interests, channels: [] },
      { kind: 'fresh' },
    );
    return said({ id: device.id, initialInterestSet: interests });
  }

  async act(platform: BeamsPlatform, id: string, action: DeviceAction, call: DeviceCall): Promise<Reply> {
    switch (deviceIdKind(id, platform)) {
      case 'ill-formed':
        return INVALID_DEVICE_ID;
      case 'of another platform':
        return action.kind === 'delete' ? DONE : DEVICE_NOT_FOUND;
      case 'ours':
        return this.#act({ appId: call.instance.app.id, id }, action, call);
    }
  }

  async #act(device: DeviceName, action: DeviceAction, call: DeviceCall): Promise<Reply> {
    const { devices } = this.#ports;
    switch (action.kind) {
      case 'get':
        return this.#get(device);
      case 'delete':
        // Gone is gone, whoever did it: an SDK would repeat a refused call for ever.
        await devices.remove(device.appId, { ids: [device.id] });
        return DONE;
      case 'set metadata':
        return this.#setMetadata(device, call);
      case 'set token':
        return this.#setToken(device, call);
      case 'set user':
        return setDeviceUser(this.#ports, call.instance, device.id, call.authorization);
      case 'list interests':
        return listInterests(devices, device, call.query);
      case 'set interests':
        return setInterests(devices, device, call.body);
      case 'add interest':
        return changeInterest(devices, device, 'add', action.encodedName);
      case 'remove interest':
        return changeInterest(devices, device, 'remove', action.encodedName);
    }
  }

  async #get({ appId, id }: DeviceName): Promise<Reply> {
    const device = await this.#ports.devices.find(appId, id);
    return device === undefined ? DEVICE_NOT_FOUND : said({ id, userId: device.user, metadata: device.meta });
  }

  async #setMetadata({ appId, id }: DeviceName, { body }: DeviceCall): Promise<Reply> {
    const meta = metadataOf(body);
    if (meta === undefined) return INVALID_METADATA;
    const changed = await this.#ports.devices.update(appId, { ids: [id] }, { meta });
    return changed === 0 ? DEVICE_NOT_FOUND : DONE;
  }

  /** The device stays what it is, with its user and interests: its provider calls it by another name. */
  async #setToken({ appId, id }: DeviceName, { body }: DeviceCall): Promise<Reply> {
    const token = fcmTokenOf(body, NO_FCM_TOKEN);
    if (typeof token !== 'string') return token;
    return (await this.#ports.devices.setToken(appId, id, token)) ? DONE : DEVICE_NOT_FOUND;
  }
}
