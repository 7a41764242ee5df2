/** Commands about devices: register, update, remove, list. */

import type { App } from '../../apps/app.ts';
import type { AddressPolicy } from '../../outgoing/address-policy.ts';
import type { DeviceChanges, DeviceStore } from '../../push/device-store.ts';
import { readToken } from '../../push/device-token.ts';
import type { SubscriptionRules } from '../../push/web-push-subscription.ts';
import { bad } from './centrifugo-replies.ts';
import type { Params, Texts } from './command-params.ts';
import {
  channelsOf,
  deviceFilterOf,
  filterIn,
  OPERATIONS,
  PLATFORMS,
  PROVIDERS,
  pageOf,
  selectedBy,
  userOf,
  wordingOf,
} from './list-params.ts';
import { shownDevice, shownListed } from './shown-devices.ts';

/** A command of an app. */
export interface Call {
  readonly app: App;
  /** As called, in lower case: some have several names. */
  readonly method: string;
  readonly params: Params;
}

export interface DeviceCommandPorts {
  readonly devices: DeviceStore;
  /** Where requests may go. */
  readonly policy: AddressPolicy;
}

const DEVICE_ID = /^(?:apns|fcm|hms|web)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const LONGEST_DETAIL = 255;

export class DeviceCommands {
  readonly #ports: DeviceCommandPorts;

  constructor(ports: DeviceCommandPorts) {
    this.#ports = ports;
  }

  /** Writes the whole state: what isn't said is empty from then on. */
  async register({ app, params }: Call): Promise<object> {
    const provider = params.choice('provider', PROVIDERS);
    const platform = params.choice('platform', PLATFORMS);
    const read = readToken(
      provider,
      params.requiredText('token'),
      subscriptionRules(app, this.#ports.policy),
    );
    if ('problem' in read) throw bad(`token ${read.problem}`);
    const id = params.text('id');
    if (id !== '' && !DEVICE_ID.test(id)) throw bad('id is no id of a device');
    const device = await this.#ports.devices.register(
      app.id,
      {
        provider,
        platform,
        token: read.token,
        door: 'centrifugo',
        user: userOf(params) || undefined,
        meta: params.textMap('meta'),
        tags: params.textMap('tags'),
        details: detailsOf(params),
        interests: [],
        channels: channelsOf(params),
      },
      id === '' ? { kind: 'byToken' } : { kind: 'given', id },
    );
    return { device: shownDevice(device), id: device.id };
  }

  async update({ app, params }: Call): Promise<object> {
    await this.#ports.devices.update(app.id, selectedBy(params), changesOf(params));
    return {};
  }

  async remove({ app, params }: Call): Promise<object> {
    await this.#ports.devices.remove(app.id, selectedBy(params));
    return {};
  }

  async list({ app, method, params }: Call): Promise<object> {
    const wording = wordingOf(method, params);
    const filter = deviceFilterOf(filterIn(params));
    const shown = {
      wording,
      meta: params.flag('include_meta'),
      tags: params.flag('include_tags'),
      channels: params.flag('include_channels') || params.flag('include_topics'),
    };
    const { devices } = this.#ports;
    const { items, hasMore } = await devices.list(app.id, filter, pageOf(params));
    return {
      items: items.map((device) => shownListed(device, shown)),
      has_more: hasMore,
      next_cursor: hasMore && wording === 'topics' ? items.at(-1)?.id : undefined,
      total_count: params.flag('include_total_count') ? await devices.count(app.id, filter) : undefined,
    };
  }
}

/** What subscriptions of browsers an app takes. */
export function subscriptionRules(app: App, policy: AddressPolicy): SubscriptionRules {
  return { allowedOrigins: app.push.webPush?.allowedOrigins ?? [], policy };
}

function changesOf(params: Params): DeviceChanges {
  const user = params.inner('user_update');
  const meta = params.inner('meta_update');
  const tags = params.inner('tags_update');
  const channels = params.inner('channels_update') ?? params.inner('topics_update');
  const timezone = params.inner('timezone_update');
  const locale = params.inner('locale_update');
  return {
    user: user && userOf(user),
    meta: meta?.textMap('meta'),
    tags: tags && { operation: tags.choice('op', OPERATIONS, 'set'), tags: tags.textMap('tags') },
    channels: channels && {
      operation: channels.choice('op', OPERATIONS, 'set'),
      channels: channelsOf(channels),
    },
    details: {
      ...(timezone && { timezone: detailOf(timezone, 'timezone') }),
      ...(locale && { locale: detailOf(locale, 'locale') }),
    },
  };
}

function detailsOf(params: Params): Texts {
  const [timezone, locale] = [detailOf(params, 'timezone'), detailOf(params, 'locale')];
  return { ...(timezone !== '' && { timezone }), ...(locale !== '' && { locale }) };
}

function detailOf(params: Params, name: string): string {
  const value = params.text(name);
  if (value.length > LONGEST_DETAIL) {
    throw bad(`${params.name(name)} must have at most ${LONGEST_DETAIL} characters`);
  }
  return value;
}
