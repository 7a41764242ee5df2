/** `POST /apps/{id}/users/{user_id}/revoke_grants` */
import type { SubscriptionGrants } from '../../auth/subscription-grants.ts';
import type { Endpoint } from './endpoint.ts';
import { userEndpoint } from './user-endpoint.ts';

export interface RevokePorts {
  readonly grants: Pick<SubscriptionGrants, 'revoke'>;
}

export function revokeGrantsEndpoint({ grants }: RevokePorts): Endpoint {
  return userEndpoint((app, userId) => grants.revoke(app, userId));
}
