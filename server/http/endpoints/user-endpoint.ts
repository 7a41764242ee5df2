/** What the endpoints under `/apps/{id}/users/{user_id}/` have in common: a user id in the path, and nothing to say. */
import type { App } from '../../apps/app.ts';
import { andThen, type Eventual } from '../../lib/eventual.ts';
import { EMPTY_OBJECT, failure } from '../message.ts';
import type { Endpoint } from './endpoint.ts';

/** Runs `act` for a user id that can be one, and answers `{}`, whether the user is there or not. */
export function userEndpoint(act: (app: App, userId: string) => Eventual<unknown>): Endpoint {
  return ({ app, request, name: userId }) => {
    const { userIdLength } = app.limits;
    if (userId === '' || userId.length > userIdLength) {
      return failure(request, 400, `Invalid user id: it must have 1 to ${userIdLength} characters`);
    }
    return andThen(act(app, userId), () => EMPTY_OBJECT);
  };
}
