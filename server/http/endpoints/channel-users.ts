/** `GET /apps/{id}/channels/{name}/users` */
import { channelProblem, channelType, quote } from '../../../protocol/index.ts';
import { andThen } from '../../lib/eventual.ts';
import type { PresenceStore } from '../../presence/presence-store.ts';
import { failure, json } from '../message.ts';
import type { Endpoint } from './endpoint.ts';

export function channelUsersEndpoint(presence: PresenceStore): Endpoint {
  return ({ app, request, name }) => {
    const problem = channelProblem(name, app.limits);
    if (problem !== undefined) return failure(request, problem.status, problem.message);
    if (channelType(name).kind !== 'presence') {
      return failure(request, 400, 'Users can only be retrieved for presence channels');
    }
    return andThen(presence.members(app.id, name), (ids) =>
      json(`{"users":[${ids.map((id) => `{"id":${quote(id)}}`).join(',')}]}`),
    );
  };
}
