/** `POST /apps/{id}/batch_events` */
import { parseBatch } from '../../../protocol/index.ts';
import { all, andThen } from '../../lib/eventual.ts';
import { EMPTY_OBJECT, failure, json } from '../message.ts';
import { attributesJson } from './attributes.ts';
import { readJsonBody } from './body.ts';
import type { Endpoint } from './endpoint.ts';
import type { PublishPorts } from './events.ts';
import { besidePublished, publishTriggers } from './publish-triggers.ts';

export function batchEventsEndpoint(ports: PublishPorts): Endpoint {
  return ({ app, request }) => {
    const body = readJsonBody(request.body);
    if (typeof body === 'string') return failure(request, 400, body);
    const triggers = parseBatch(body, app.limits);
    if (!Array.isArray(triggers)) return failure(request, triggers.status, triggers.message);
    return andThen(publishTriggers(ports.publisher, app, triggers), () => {
      if (triggers.every(({ info }) => info === undefined)) return EMPTY_OBJECT;
      const answers = triggers.map(({ channels: [channel = ''], info }) =>
        info === undefined
          ? '{}'
          : andThen(ports.presence.channel(app.id, channel), (summary) =>
              attributesJson(app, channel, summary, info),
            ),
      );
      return andThen(besidePublished(all(answers)), (found) => json(`{"batch":[${found.join(',')}]}`));
    });
  };
}
