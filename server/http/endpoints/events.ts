/** `POST /apps/{id}/events` */
import { type Fields, isApiProblem, objectFields, parseTrigger, quote, type Trigger } from '../../../protocol/index.ts';
import type { App } from '../../apps/app.ts';
import { EventData } from '../../broker/publications.ts';
import type { Publisher } from '../../channels/publish.ts';
import { all, andThen, type Eventual } from '../../lib/eventual.ts';
import type { PresenceStore } from '../../presence/presence-store.ts';
import { EMPTY_OBJECT, failure, json } from '../message.ts';
import { parameter, parameterValues } from '../query.ts';
import { attributesJson } from './attributes.ts';
import { readJsonBody } from './body.ts';
import type { ApiCall, Endpoint } from './endpoint.ts';

export interface PublishPorts {
  readonly publisher: Publisher;
  readonly presence: PresenceStore;
}

export function eventsEndpoint(ports: PublishPorts): Endpoint {
  return (call) => {
    const { app, request } = call;
    const body = readJsonBody(request.body);
    if (typeof body === 'string') return failure(request, 400, body);
    const trigger = parseTrigger(withQuery(objectFields(body.object, body.json), call), app.limits);
    if (isApiProblem(trigger)) return failure(request, trigger.status, trigger.message);
    const { info } = trigger;
    return andThen(publishTrigger(ports.publisher, app, trigger), () => {
      if (info === undefined) return EMPTY_OBJECT;
      const summaries = all(trigger.channels.map((channel) => ports.presence.channel(app.id, channel)));
      return andThen(summaries, (found) => {
        const entries = trigger.channels.map((channel, index) => {
          const summary = found[index] ?? { subscriptions: 0, users: 0 };
          return `${quote(channel)}:${attributesJson(app, channel, summary, info)}`;
        });
        return json(`{"channels":{${entries.join(',')}}}`);
      });
    });
  };
}

/** Publishes to every channel of a trigger; the data is escaped once for all of them. */
export function publishTrigger(publisher: Publisher, app: App, trigger: Trigger): Eventual<unknown> {
  const data = new EventData(trigger.data);
  const [only] = trigger.channels;
  if (trigger.channels.length === 1 && only !== undefined) {
    return publisher.publish(app, only, trigger.name, data, trigger.socketId);
  }
  return all(
    trigger.channels.map((channel) => publisher.publish(app, channel, trigger.name, data, trigger.socketId)),
  );
}

/** The body's fields, and behind them the query's: some clients send parameters there. */
function withQuery(body: Fields, { parameters }: ApiCall): Fields {
  return {
    get(name) {
      const value = body.get(name);
      if (value !== undefined) return value;
      const list = parameterValues(parameters, `${name}[]`);
      return list.length > 0 ? list : parameter(parameters, name);
    },
    raw: (name) => body.raw(name),
  };
}
