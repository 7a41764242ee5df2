/** `POST /apps/{id}/events` */
import {
  isApiProblem,
  type Parameters,
  parseTrigger,
  type QueryParameters,
  quote,
  type Trigger,
} from '../../../protocol/index.ts';
import type { App } from '../../apps/app.ts';
import type { Publisher } from '../../channels/event-publisher.ts';
import { all, andThen, type Eventual } from '../../lib/eventual.ts';
import type { PresenceStore } from '../../presence/presence-store.ts';
import { EMPTY_OBJECT, failure, type HttpRequest, type HttpResponse, json } from '../message.ts';
import { attributesJson } from './attributes.ts';
import { readJsonBody } from './body.ts';
import type { Endpoint } from './endpoint.ts';
import { besideAccepted, type EventNotifications } from './event-notifications.ts';
import { besidePublished, publishTriggers } from './publish-triggers.ts';

export interface PublishPorts {
  readonly publisher: Publisher;
  readonly presence: PresenceStore;
  readonly notifications: EventNotifications;
}

export function eventsEndpoint(ports: PublishPorts): Endpoint {
  return ({ app, request, parameters }) => {
    const body = readJsonBody(request.body);
    if (typeof body === 'string') return failure(request, 400, body);
    const trigger = parseTrigger(withQuery(body, parameters), app.limits);
    if (isApiProblem(trigger)) return failure(request, trigger.status, trigger.message);
    if (trigger.push !== undefined) return withNotification(ports, app, request, trigger);
    return andThen(publishTriggers(ports.publisher, app, [trigger]), () => {
      if (trigger.info === undefined) return EMPTY_OBJECT;
      return andThen(channelsJson(ports, app, trigger), (channels) => json(`{${channels}}`));
    });
  };
}

async function withNotification(
  ports: PublishPorts,
  app: App,
  request: HttpRequest,
  trigger: Trigger,
): Promise<HttpResponse> {
  const accepted = await ports.notifications.accept(app, [trigger], false);
  if ('status' in accepted) return failure(request, accepted.status, accepted.message);
  const [id = ''] = accepted;
  const push = `"push":{"id":${quote(id)}}`;
  return besideAccepted(async () => {
    await publishTriggers(ports.publisher, app, [trigger]);
    if (trigger.info === undefined) return json(`{${push}}`);
    return json(`{${await channelsJson(ports, app, trigger)},${push}}`);
  });
}

/** The member that answers `info`. */
function channelsJson({ presence }: PublishPorts, app: App, { channels, info }: Trigger): Eventual<string> {
  if (info === undefined) return '';
  const summaries = all(channels.map((channel) => presence.channel(app.id, channel)));
  return andThen(besidePublished(summaries), (found) => {
    const entries = channels.map((channel, index) => {
      const summary = found[index] ?? { subscriptions: 0, users: 0 };
      return `${quote(channel)}:${attributesJson(app, channel, summary, info)}`;
    });
    return `"channels":{${entries.join(',')}}`;
  });
}

/** Some clients send parameters in the query; those in the body win. `name[]` makes a list. */
function withQuery(body: Parameters, query: QueryParameters): Parameters {
  if (query.length === 0) return body;
  const merged = new Map<string, unknown>();
  for (const [name, value] of query) {
    if (!name.endsWith('[]')) merged.set(name, value);
    else {
      const list = merged.get(name.slice(0, -2));
      merged.set(name.slice(0, -2), Array.isArray(list) ? [...list, value] : [value]);
    }
  }
  return { object: { ...Object.fromEntries(merged), ...body.object }, json: body.json };
}
