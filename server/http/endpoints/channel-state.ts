/** `GET /apps/{id}/channels/{name}`, and the deprecated `…/stats` */
import {
  channelProblem,
  channelType,
  type InfoAttributes,
  isApiProblem,
  parseInfo,
  quote,
} from '../../../protocol/index.ts';
import type { App } from '../../apps/app.ts';
import type { CachedEvent, ChannelCache } from '../../cache/channel-cache.ts';
import { andThen } from '../../lib/eventual.ts';
import type { PresenceStore } from '../../presence/presence-store.ts';
import { failure, json } from '../message.ts';
import { parameter } from '../query.ts';
import type { Endpoint } from './endpoint.ts';

export interface ChannelPorts {
  readonly presence: PresenceStore;
  readonly cache: ChannelCache;
}

export function channelEndpoint({ presence, cache }: ChannelPorts): Endpoint {
  return ({ app, request, parameters, name }) => {
    const problem = channelProblem(name, app.limits);
    if (problem !== undefined) return failure(request, problem.status, problem.message);
    const info = parseInfo(parameter(parameters, 'info'));
    if (info !== undefined && isApiProblem(info)) return failure(request, info.status, info.message);
    const refused = info === undefined ? undefined : attributeProblem(app, name, info);
    if (refused !== undefined) return failure(request, 400, refused);
    return andThen(presence.channel(app.id, name), (summary) =>
      andThen(info?.cache === true ? cache.get(app.id, name) : undefined, (cached) => {
        const attributes = [`"occupied":${summary.subscriptions > 0}`];
        if (info?.userCount === true) attributes.push(`"user_count":${summary.users}`);
        if (info?.subscriptionCount === true)
          attributes.push(`"subscription_count":${summary.subscriptions}`);
        if (info?.cache === true) attributes.push(`"cache":${cachedJson(cached)}`);
        return json(`{${attributes.join(',')}}`);
      }),
    );
  };
}

/** `GET /apps/{id}/channels/{name}/stats`: deprecated; the user count comes unasked on presence channels. */
export function channelStatsEndpoint({ presence }: Pick<ChannelPorts, 'presence'>): Endpoint {
  return ({ app, request, name }) => {
    const problem = channelProblem(name, app.limits);
    if (problem !== undefined) return failure(request, problem.status, problem.message);
    return andThen(presence.channel(app.id, name), ({ subscriptions, users }) => {
      const count = channelType(name).kind === 'presence' ? `,"user_count":${users}` : '';
      return json(`{"occupied":${subscriptions > 0}${count}}`);
    });
  };
}

/** Unlike on a publish, an attribute that does not apply is an error here. */
function attributeProblem(app: App, channel: string, info: InfoAttributes): string | undefined {
  const { kind, cache } = channelType(channel);
  if (info.userCount && kind !== 'presence') {
    return 'Cannot retrieve the user count unless the channel is a presence channel';
  }
  if (info.subscriptionCount && !app.features.subscriptionCounts) {
    return 'subscription_count is not enabled for this app';
  }
  if (info.cache && !cache) return 'Cannot retrieve the cache unless the channel is a cache channel';
  return undefined;
}

function cachedJson(cached: CachedEvent | undefined): string {
  if (cached === undefined) return 'null';
  return `{"data":${quote(cached.data)},"ttl":${Math.ceil(cached.ttlMs / 1000)}}`;
}
