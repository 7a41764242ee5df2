/** `POST /apps/{id}/users/{user_id}/terminate_connections` */
import type { Broker } from '../../broker/broker.ts';
import type { Endpoint } from './endpoint.ts';
import { userEndpoint } from './user-endpoint.ts';

export interface TerminatePorts {
  readonly broker: Pick<Broker, 'terminate'>;
}

export function terminateUserEndpoint({ broker }: TerminatePorts): Endpoint {
  return userEndpoint((app, userId) => broker.terminate(app.id, userId));
}
