/** `POST /apps/{id}/events` */
import {
  isApiProblem,
  type Parameters,
  parseTrigger,
  type QueryParameters,
  quote,
} from '../../../protocol/index.ts';
import type { Publisher } from '../../channels/event-publisher.ts';
import { all, andThen } from '../../lib/eventual.ts';
import type { PresenceStore } from '../../presence/presence-store.ts';
import { EMPTY_OBJECT, failure, json } from '../message.ts';
import { attributesJson } from './attributes.ts';
import { readJsonBody } from './body.ts';
import type { Endpoint } from './endpoint.ts';
import { besidePublished, publishTriggers } from './publish-triggers.ts';

export interface PublishPorts {
  readonly publisher: Publisher;
  readonly presence: PresenceStore;
}

export function eventsEndpoint(ports: PublishPorts): Endpoint {
  return ({ app, request, parameters }) => {
    const body = readJsonBody(request.body);
    if (typeof body === 'string') return failure(request, 400, body);
    const trigger = parseTrigger(withQuery(body, parameters), app.limits);
    if (isApiProblem(trigger)) return failure(request, trigger.status, trigger.message);
    const { info } = trigger;
    return andThen(publishTriggers(ports.publisher, app, [trigger]), () => {
      if (info === undefined) return EMPTY_OBJECT;
      const summaries = all(trigger.channels.map((channel) => ports.presence.channel(app.id, channel)));
      return andThen(besidePublished(summaries), (found) => {
        const entries = trigger.channels.map((channel, index) => {
          const summary = found[index] ?? { subscriptions: 0, users: 0 };
          return `${quote(channel)}:${attributesJson(app, channel, summary, info)}`;
        });
        return json(`{"channels":{${entries.join(',')}}}`);
      });
    });
  };
}

/** Some clients send parameters in the query; those in the body win. `name[]` makes a list. */
function withQuery(body: Parameters, query: QueryParameters): Parameters {
  let merged: Map<string, unknown> | undefined;
  for (const [name, value] of query) {
    if (name.startsWith('auth_') || name === 'body_md5') continue;
    merged ??= new Map();
    if (!name.endsWith('[]')) merged.set(name, value);
    else {
      const list = merged.get(name.slice(0, -2));
      merged.set(name.slice(0, -2), Array.isArray(list) ? [...list, value] : [value]);
    }
  }
  if (merged === undefined) return body;
  return { object: { ...Object.fromEntries(merged), ...body.object }, json: body.json };
}
