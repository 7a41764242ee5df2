/** `POST /apps/{id}/users/{user_id}/terminate_connections` */
import type { Broker } from '../../broker/broker.ts';
import { andThen } from '../../lib/eventual.ts';
import { EMPTY_OBJECT, failure } from '../message.ts';
import type { Endpoint } from './endpoint.ts';

export interface TerminatePorts {
  readonly broker: Pick<Broker, 'terminate'>;
}

export function terminateUserEndpoint({ broker }: TerminatePorts): Endpoint {
  return ({ app, request, name: userId }) => {
    if (userId === '' || userId.length > app.limits.userIdLength) {
      return failure(
        request,
        400,
        `Invalid user id: it must have 1 to ${app.limits.userIdLength} characters`,
      );
    }
    return andThen(broker.terminate(app.id, userId), () => EMPTY_OBJECT);
  };
}
