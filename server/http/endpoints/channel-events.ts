/** `POST /apps/{id}/channels/{name}/events?name=…`: deprecated; the body is the data. */
import { isUtf8 } from 'node:buffer';
import { isApiProblem, parseTrigger } from '../../../protocol/index.ts';
import type { Publisher } from '../../channels/event-publisher.ts';
import { andThen } from '../../lib/eventual.ts';
import { failure, text } from '../message.ts';
import { parameter } from '../query.ts';
import type { Endpoint } from './endpoint.ts';
import { publishTriggers } from './publish-triggers.ts';

export function channelEventsEndpoint(publisher: Publisher): Endpoint {
  return ({ app, request, parameters, name: channel }) => {
    if (!isUtf8(request.body)) return failure(request, 400, 'Invalid body: not UTF-8');
    const object = {
      channel,
      name: parameter(parameters, 'name'),
      socket_id: parameter(parameters, 'socket_id'),
      data: request.body.toString('utf8'),
    };
    const trigger = parseTrigger({ object, json: '{}' }, app.limits);
    if (isApiProblem(trigger)) return failure(request, trigger.status, trigger.message);
    return andThen(publishTriggers(publisher, app, [trigger]), () => text(202, ''));
  };
}
