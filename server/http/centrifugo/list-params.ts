/** What commands that list or choose things have in common. Pure. */
import type { Platform, ProviderName } from '../../push/device.ts';
import type { BindingFilter, DeviceFilter, PageQuery, SetOperation } from '../../push/device-store.ts';
import { bad } from './centrifugo-replies.ts';
import type { Params } from './command-params.ts';
import type { Wording } from './shown-devices.ts';

export const PROVIDERS: readonly ProviderName[] = ['fcm', 'hms', 'apns', 'webpush'];
/** Those that a device may register with. */
export const PLATFORMS: readonly Platform[] = ['ios', 'android', 'web'];
const ALL_PLATFORMS: readonly Platform[] = [...PLATFORMS, 'macos'];
export const OPERATIONS: readonly SetOperation[] = ['add', 'remove', 'set'];

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
/** Bytes. */
const LONGEST_CHANNEL = 255;
const LONGEST_USER = 656;

/** A page; more than 1000 at once are not given. */
export function pageOf(params: Params): PageQuery {
  const limit = params.integer('limit');
  if (limit < 0) throw bad(`${params.name('limit')} must not be negative`);
  const after = params.text('since') || params.text('cursor') || undefined;
  return { after, limit: limit === 0 ? DEFAULT_LIMIT : Math.min(limit, MAX_LIMIT) };
}

const LATER_WORDS = ['filter', 'cursor', 'include_topics', 'include_total_count'];

/** @param method as called */
export function wordingOf(method: string, params: Params): Wording {
  return method.includes('topic') || LATER_WORDS.some((name) => params.has(name)) ? 'topics' : 'channels';
}

/** The filter where it is a parameter of its own, else the parameters that are one. */
export const filterIn = (params: Params): Params => params.inner('filter') ?? params;

export function deviceFilterOf(params: Params): DeviceFilter {
  return {
    ids: params.texts('ids'),
    users: params.texts('users'),
    providers: params.choices('providers', PROVIDERS),
    platforms: params.choices('platforms', ALL_PLATFORMS),
    channels: params.texts('channels') ?? params.texts('topics'),
    tokens: params.texts('tokens'),
    providerTokens: params.inners('provider_tokens')?.map((one) => ({
      provider: one.choice('provider', PROVIDERS),
      tokens: one.texts('tokens') ?? [],
    })),
  };
}

/** Devices to be changed or removed: never all of them because nothing was said. */
export function selectedBy(params: Params): DeviceFilter {
  const { ids, users, providerTokens } = deviceFilterOf(params);
  if (ids === undefined && users === undefined && providerTokens === undefined) {
    throw bad('one of ids, users and provider_tokens is required');
  }
  return { ids, users, providerTokens };
}

export function bindingFilterOf(params: Params): BindingFilter {
  return {
    users: params.texts('users'),
    channels: params.texts('channels') ?? params.texts('topics'),
    channelPrefix: params.text('channel_prefix') || params.text('topic_prefix') || undefined,
  };
}

/** The names under `channels`, or `topics`. */
export function channelsOf(params: Params): readonly string[] {
  const name = params.has('channels') ? 'channels' : 'topics';
  const channels = params.texts(name) ?? [];
  for (const [at, channel] of channels.entries()) {
    const bytes = Buffer.byteLength(channel);
    if (bytes === 0 || bytes > LONGEST_CHANNEL) {
      throw bad(`${params.name(name)}[${at}] must have 1 to ${LONGEST_CHANNEL} bytes`);
    }
  }
  return channels;
}

/** '' for nobody. */
export function userOf(params: Params): string {
  const user = params.text('user');
  if (Buffer.byteLength(user) > LONGEST_USER) {
    throw bad(`${params.name('user')} must have at most ${LONGEST_USER} bytes`);
  }
  return user;
}
