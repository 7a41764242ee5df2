/**
 * Devices and bindings as the Centrifugo door shows them: what is empty is left out. Later versions of Centrifugo call
 * channels topics, and show more of a device; who asks in their words is answered in them. Pure.
 */
import type { Device } from '../../push/device.ts';
import type { ListedDevice, UserBinding } from '../../push/device-store.ts';
import type { Texts } from './command-params.ts';

export type Wording = 'channels' | 'topics';

export interface Shown {
  readonly wording: Wording;
  readonly meta: boolean;
  readonly tags: boolean;
  readonly channels: boolean;
}

export function shownDevice({ id, platform, provider, token, user }: Device): object {
  return { id, platform, provider, token, user };
}

export function shownListed(device: ListedDevice, { wording, meta, tags, channels }: Shown): object {
  const own = {
    ...shownDevice(device),
    timezone: device.details['timezone'],
    locale: device.details['locale'],
    meta: meta ? someOf(device.meta) : undefined,
    [wording]: channels && device.channels.length > 0 ? device.channels : undefined,
    tags: tags ? someOf(device.tags) : undefined,
  };
  return wording === 'channels'
    ? own
    : { ...own, created_at: secondsOf(device.createdAt), updated_at: secondsOf(device.updatedAt) };
}

export function shownBinding({ id, user, channel }: UserBinding, wording: Wording): object {
  return wording === 'channels' ? { id, user, channel } : { id, user, topic: channel };
}

const someOf = (texts: Texts): Texts | undefined => (Object.keys(texts).length === 0 ? undefined : texts);

const secondsOf = (ms: number): number => Math.floor(ms / 1000);
