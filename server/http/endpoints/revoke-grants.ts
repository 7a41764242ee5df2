/** `POST /apps/{id}/users/{user_id}/revoke_grants` */
import type { SubscriptionGrants } from '../../auth/subscription-grants.ts';
import { andThen } from '../../lib/eventual.ts';
import { EMPTY_OBJECT, failure } from '../message.ts';
import type { Endpoint } from './endpoint.ts';

export interface RevokePorts {
  readonly grants: Pick<SubscriptionGrants, 'revoke'>;
}

export function revokeGrantsEndpoint({ grants }: RevokePorts): Endpoint {
  return ({ app, request, name: userId }) => {
    if (userId === '' || userId.length > app.limits.userIdLength) {
      return failure(
        request,
        400,
        `Invalid user id: it must have 1 to ${app.limits.userIdLength} characters`,
      );
    }
    return andThen(grants.revoke(app, userId), () => EMPTY_OBJECT);
  };
}
