/** `POST /apps/{id}/batch_events` */
import { parseBatch, quote, type Trigger } from '../../../protocol/index.ts';
import type { App } from '../../apps/app.ts';
import { all, andThen, type Eventual } from '../../lib/eventual.ts';
import { EMPTY_OBJECT, failure, type HttpRequest, type HttpResponse, json } from '../message.ts';
import { attributesJson } from './attributes.ts';
import { readJsonBody } from './body.ts';
import type { Endpoint } from './endpoint.ts';
import { besideAccepted, type NotificationIds } from './event-notifications.ts';
import type { PublishPorts } from './events.ts';
import { besidePublished, publishTriggers } from './publish-triggers.ts';

export function batchEventsEndpoint(ports: PublishPorts): Endpoint {
  return ({ app, request }) => {
    const body = readJsonBody(request.body);
    if (typeof body === 'string') return failure(request, 400, body);
    const triggers = parseBatch(body, app.limits);
    if (!Array.isArray(triggers)) return failure(request, triggers.status, triggers.message);
    if (triggers.some(({ push }) => push !== undefined))
      return withNotifications(ports, app, request, triggers);
    return published(ports, app, triggers, []);
  };
}

async function withNotifications(
  ports: PublishPorts,
  app: App,
  request: HttpRequest,
  triggers: readonly Trigger[],
): Promise<HttpResponse> {
  const accepted = await ports.notifications.accept(app, triggers, true);
  if ('status' in accepted) return failure(request, accepted.status, accepted.message);
  return besideAccepted(() => published(ports, app, triggers, accepted));
}

function published(
  ports: PublishPorts,
  app: App,
  triggers: readonly Trigger[],
  notifications: NotificationIds,
): Eventual<HttpResponse> {
  return andThen(publishTriggers(ports.publisher, app, triggers), () => {
    if (notifications.length === 0 && triggers.every(({ info }) => info === undefined)) return EMPTY_OBJECT;
    const answers = triggers.map((trigger, at) => answerTo(ports, app, trigger, notifications[at]));
    return andThen(besidePublished(all(answers)), (found) => json(`{"batch":[${found.join(',')}]}`));
  });
}

/** What is told of one event: the attributes it asks for, and its notification. */
function answerTo(
  { presence }: PublishPorts,
  app: App,
  { channels: [channel = ''], info }: Trigger,
  notification: string | undefined,
): Eventual<string> {
  const push = notification === undefined ? undefined : `"push":{"id":${quote(notification)}}`;
  if (info === undefined) return push === undefined ? '{}' : `{${push}}`;
  return andThen(presence.channel(app.id, channel), (summary) => {
    const attributes = attributesJson(app, channel, summary, info);
    if (push === undefined) return attributes;
    return attributes === '{}' ? `{${push}}` : `${attributes.slice(0, -1)},${push}}`;
  });
}
