/** Commands about what users and devices listen to. */
import type { DeviceStore } from '../../push/device-store.ts';
import { bad, CommandError } from './centrifugo-replies.ts';
import type { Call } from './device-commands.ts';
import { topicQueryOf, topicsAfter } from './device-topics.ts';
import {
  bindingFilterOf,
  channelsOf,
  filterIn,
  OPERATIONS,
  pageOf,
  userOf,
  wordingOf,
} from './list-params.ts';
import { shownBinding, shownListed } from './shown-devices.ts';

export class ChannelCommands {
  readonly #devices: DeviceStore;

  constructor(devices: DeviceStore) {
    this.#devices = devices;
  }

  /** What a user listens to on all devices, those to come included. */
  async updateBindings({ app, params }: Call): Promise<object> {
    const user = userOf(params);
    if (user === '') throw bad('user is required');
    const operation = params.choice('op', OPERATIONS);
    await this.#devices.changeBindings(app.id, user, operation, channelsOf(params));
    return {};
  }

  async listBindings({ app, method, params }: Call): Promise<object> {
    const wording = wordingOf(method, params);
    const filter = bindingFilterOf(filterIn(params));
    const { items, hasMore } = await this.#devices.bindings(app.id, filter, pageOf(params));
    return {
      items: items.map((binding) => shownBinding(binding, wording)),
      has_more: hasMore,
      next_cursor: hasMore && wording === 'topics' ? items.at(-1)?.id : undefined,
      total_count: params.flag('include_total_count')
        ? await this.#devices.countBindings(app.id, filter)
        : undefined,
    };
  }

  /** What one device listens to. With `user`, only if the device is that user's. */
  async updateTopics({ app, params }: Call): Promise<object> {
    const id = params.requiredText('device_id');
    const operation = params.choice('op', OPERATIONS);
    const channels = channelsOf(params);
    const user = userOf(params);
    const device = await this.#devices.find(app.id, id);
    if (device === undefined) throw new CommandError(104, `there is no device ${id}`);
    if (user !== '' && device.user !== user) throw new CommandError(113, "the device is another user's");
    const mine = { ids: [id], users: user === '' ? undefined : [user] };
    await this.#devices.update(app.id, mine, { channels: { operation, channels } });
    return {};
  }

  /** Page by page through the devices: a page may end early where few of them listen to what is asked for. */
  async listTopics({ app, params }: Call): Promise<object> {
    const { after, limit } = pageOf(params);
    const found = await topicsAfter(this.#devices, app.id, topicQueryOf(filterIn(params)), after, limit);
    const withDevice = params.flag('include_device');
    const shown = { wording: 'topics' as const, meta: false, tags: false, channels: false };
    return {
      items: found.items.map(({ id, topic, device }) => ({
        id,
        topic,
        device: withDevice ? shownListed(device, shown) : { id: device.id },
      })),
      has_more: found.next !== undefined,
      next_cursor: found.next,
    };
  }
}
