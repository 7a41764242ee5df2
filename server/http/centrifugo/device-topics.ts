/** What devices listen to, one line per device and topic: pages of lines over pages of devices. */
import type { DeviceFilter, DeviceStore, ListedDevice } from '../../push/device-store.ts';
import type { Params } from './command-params.ts';
import { deviceFilterOf } from './list-params.ts';

export interface TopicQuery {
  readonly filter: DeviceFilter;
  readonly fits: (topic: string) => boolean;
}

interface TopicLine {
  readonly id: string;
  readonly topic: string;
  readonly device: ListedDevice;
}

export interface TopicPage {
  readonly items: readonly TopicLine[];
  /** Undefined: this was the last. */
  readonly next: string | undefined;
}

/** Behind a device, or behind one of its topics. */
interface Place {
  readonly deviceId: string;
  readonly topic: string | undefined;
}

const DEVICES_AT_A_TIME = 100;
/** Pages of devices looked through for one page of lines. */
const MAX_PAGES = 20;

export function topicQueryOf(params: Params): TopicQuery {
  const { channels } = deviceFilterOf(params);
  const prefix = params.text('topic_prefix') || params.text('channel_prefix');
  const { ids, providers, platforms, users } = deviceFilterOf(params.prefixed('device_'));
  return {
    filter: { ids, providers, platforms, users, channels },
    fits: (topic) => topic.startsWith(prefix) && (channels === undefined || channels.includes(topic)),
  };
}

/** @param after `next` of the page before; what is none begins at the beginning */
export async function topicsAfter(
  devices: Pick<DeviceStore, 'list'>,
  appId: string,
  { filter, fits }: TopicQuery,
  after: string | undefined,
  limit: number,
): Promise<TopicPage> {
  const place = placeOf(after);
  const items: TopicLine[] = [];
  const take = (device: ListedDevice, beyond: string | undefined): boolean => {
    for (const topic of device.channels) {
      if (!fits(topic) || (beyond !== undefined && !isAfter(topic, beyond))) continue;
      if (items.length === limit) return false;
      items.push({ id: `${device.id}/${topic}`, topic, device });
    }
    return true;
  };
  const full = (): TopicPage => {
    const last = items.at(-1);
    return { items, next: last && cursorOf({ deviceId: last.device.id, topic: last.topic }) };
  };

  if (place?.topic !== undefined) {
    const begun = { ...filter, ids: [place.deviceId] };
    const isWanted = filter.ids?.includes(place.deviceId) ?? true;
    const page = isWanted ? await devices.list(appId, begun, { after: undefined, limit: 1 }) : undefined;
    for (const device of page?.items ?? []) if (!take(device, place.topic)) return full();
  }
  let from = place?.deviceId;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const page = await devices.list(appId, filter, { after: from, limit: DEVICES_AT_A_TIME });
    for (const device of page.items) if (!take(device, undefined)) return full();
    from = page.items.at(-1)?.id;
    if (!page.hasMore || from === undefined) return { items, next: undefined };
  }
  return { items, next: from && cursorOf({ deviceId: from, topic: undefined }) };
}

/** In the order of their bytes, as a device's channels are. */
const isAfter = (topic: string, beyond: string): boolean =>
  Buffer.compare(Buffer.from(topic), Buffer.from(beyond)) > 0;

function cursorOf({ deviceId, topic }: Place): string {
  return Buffer.from(JSON.stringify(topic === undefined ? [deviceId] : [deviceId, topic])).toString(
    'base64url',
  );
}

function placeOf(cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined;
  try {
    const [deviceId, topic]: unknown[] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (typeof deviceId !== 'string' || deviceId.includes('\0')) return undefined;
    return { deviceId, topic: typeof topic === 'string' ? topic : undefined };
  } catch {
    return undefined;
  }
}
