/** Why a subscription is refused, as the client is told. PROTOCOL.md, "Subscribing". */
import type { SubscriptionErrorType } from '../../protocol/index.ts';

export interface Refusal {
  readonly refused: true;
  readonly type: SubscriptionErrorType;
  /** An HTTP status of the same meaning: clients' error handlers know those. */
  readonly status: number;
  readonly message: string;
}

export function authError(message: string, status: 401 | 403 = 401): Refusal {
  return { refused: true, type: 'AuthError', status, message };
}

export function invalidRequest(message: string): Refusal {
  return { refused: true, type: 'InvalidRequest', status: 400, message };
}

export function limitReached(message: string, status: 403 | 413): Refusal {
  return { refused: true, type: 'LimitReached', status, message };
}

export function isRefusal(value: object): value is Refusal {
  return 'refused' in value;
}
