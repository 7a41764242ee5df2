/**
 * A service that delivers to devices: FCM, APNs, Web Push, HMS. One implementation each, made per app from its
 * credentials; it owns its connections and access tokens.
 */
import type { Address } from './device.ts';

/** What became of one notification for one device. */
export type Verdict =
  /** The provider has it. */
  | { readonly kind: 'sent'; readonly messageId: string | undefined }
  /** Not now: try again, no earlier than after so many milliseconds if the provider named a time. */
  | {
      readonly kind: 'retry';
      readonly afterMs: number | undefined;
      readonly code: string;
      readonly reason: string;
    }
  /** The token reaches nobody any more: the device is to be removed. */
  | { readonly kind: 'dead'; readonly code: string; readonly reason: string }
  /** This notification will never be taken. */
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string }
  /** Our credentials or settings are wrong: nothing will be taken until an operator has mended them. */
  | { readonly kind: 'misconfigured'; readonly code: string; readonly reason: string };

/** A provider's own addresses of many devices. */
export type ProviderGroup = { readonly topic: string } | { readonly condition: string };

/** Why a payload can never be sent: a sentence that names the field or the limit. */
export interface PayloadProblem {
  readonly problem: string;
}

/**
 * A payload checked against the provider's rules and encoded as far as it is the same for all devices. Opaque: only the
 * provider that made it reads it.
 */
export interface PreparedPush {
  /** Bytes that count towards the provider's limit. */
  readonly bytes: number;
}

export interface SendOptions {
  /** Aborted: requests not yet begun answer `retry`; those under way are waited for. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch after which nobody wants it any more; providers that know an expiry are told it. */
  readonly expiresAt: number | undefined;
}

export interface PushProvider {
  /** Checks and encodes once what goes to many. `payload` is the provider's own block of a publish, see `payloads.ts`. */
  prepare(payload: object): PreparedPush | PayloadProblem;
  /** Sends to each address; verdicts in the order of the addresses. Never rejects: what goes wrong is a verdict. */
  send(
    prepared: PreparedPush,
    addresses: readonly Address[],
    options: SendOptions,
  ): Promise<readonly Verdict[]>;
  /** Sends to a group that the provider itself keeps; undefined where it keeps none. */
  readonly sendToGroup?: (
    prepared: PreparedPush,
    group: ProviderGroup,
    options: SendOptions,
  ) => Promise<Verdict>;
  /** Closes connections. */
  close(): void;
}

export function isPayloadProblem(prepared: PreparedPush | PayloadProblem): prepared is PayloadProblem {
  return 'problem' in prepared;
}
