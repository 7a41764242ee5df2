/** `GET /apps/{id}/channels` */
import { isApiProblem, parseInfo, quote } from '../../../protocol/index.ts';
import { andThen } from '../../lib/eventual.ts';
import type { PresenceStore } from '../../presence/presence-store.ts';
import { failure, json } from '../message.ts';
import { parameter } from '../query.ts';
import { attributesJson } from './attributes.ts';
import type { Endpoint } from './endpoint.ts';

export function channelsEndpoint(presence: PresenceStore): Endpoint {
  return ({ app, request, parameters }) => {
    const prefix = parameter(parameters, 'filter_by_prefix') ?? '';
    const info = parseInfo(parameter(parameters, 'info'));
    if (info !== undefined && isApiProblem(info)) return failure(request, info.status, info.message);
    if (info?.cache === true)
      return failure(request, 400, 'cache may only be requested for a single channel');
    if (info?.userCount === true && !prefix.startsWith('presence-')) {
      return failure(
        request,
        400,
        'user_count may only be requested for presence channels - please supply filter_by_prefix beginning with presence-',
      );
    }
    if (info?.subscriptionCount === true && !app.features.subscriptionCounts) {
      return failure(request, 400, 'subscription_count is not enabled for this app');
    }
    return andThen(presence.channels(app.id, prefix), (channels) => {
      const entries: string[] = [];
      for (const [name, summary] of channels) {
        entries.push(
          `${quote(name)}:${info === undefined ? '{}' : attributesJson(app, name, summary, info)}`,
        );
      }
      return json(`{"channels":{${entries.join(',')}}}`);
    });
  };
}
