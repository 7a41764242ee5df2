/** What is asked at the Beams doors, handed to who answers it. */
import type { Clock } from '../../lib/clock.ts';
import type { Ids } from '../../lib/ids.ts';
import type { AddressPolicy } from '../../outgoing/address-policy.ts';
import { isUserId } from '../../push/beams-user-token.ts';
import type { BeamsWebhooks } from '../../push/beams-webhooks/beams-webhooks.ts';
import type { DeviceStore } from '../../push/device-store.ts';
import type { Publishing } from '../../push/publishing.ts';
import { segmentDecoded } from '../query.ts';
import type { ReadBody } from './beams-body.ts';
import { BeamsDevices, vapidKey } from './beams-devices.ts';
import type { Instance } from './beams-instances.ts';
import type { Operation } from './beams-paths.ts';
import { BeamsPublishes } from './beams-publishes.ts';
import { badRequest, DONE, NO_REGISTRY, type Reply } from './beams-reply.ts';
import { takeReport } from './beams-reports.ts';
import { lengthOf } from './body-rules.ts';
import { LONGEST_NAME } from './publish-body.ts';

/** A request that may be made. */
export interface BeamsCall extends ReadBody {
  readonly instance: Instance;
  readonly operation: Operation;
  readonly query: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface BeamsPorts {
  readonly devices: DeviceStore;
  readonly publishing: Publishing;
  readonly webhooks: BeamsWebhooks;
  readonly policy: AddressPolicy;
  readonly ids: Ids;
  readonly clock: Clock;
}

const USER_ID_TOO_LONG = badRequest(`'User id' is too long, max length is ${LONGEST_NAME}`);

/** The SDKs that encode a path as if it were a form's field. */
const FORM_ENCODING = /^pusher-push-notifications-(?:ruby|php|server-java)\b/;

export class BeamsApi {
  readonly #ports: BeamsPorts | undefined;
  readonly #publishes: BeamsPublishes | undefined;
  readonly #devices: BeamsDevices | undefined;

  /** @param ports undefined without a database: then there is no registry of devices, and little to ask for */
  constructor(ports: BeamsPorts | undefined) {
    this.#ports = ports;
    this.#publishes = ports && new BeamsPublishes(ports);
    this.#devices = ports && new BeamsDevices(ports);
  }

  async answer(call: BeamsCall): Promise<Reply> {
    const { instance, operation, json, body, query, headers } = call;
    if (operation.kind === 'vapid key') return vapidKey(instance);
    const [ports, publishes, devices] = [this.#ports, this.#publishes, this.#devices];
    if (ports === undefined || publishes === undefined || devices === undefined) return NO_REGISTRY;
    switch (operation.kind) {
      case 'publish': {
        const idempotencyKey = headers.get('idempotency-key');
        return publishes.publish({ instance, to: operation.to, json, body, idempotencyKey });
      }
      case 'publish report':
        return publishes.report(instance, operation.publicId);
      case 'publish outcomes':
        return publishes.outcomes(instance, operation.publicId, query);
      case 'cancel publish':
        return publishes.cancel(instance, operation.publicId);
      case 'delete user':
        return deleteUser(ports.devices, instance, userIdOf(operation.encodedId, headers));
      case 'register':
        return devices.register(operation.platform, { instance, body, query, authorization: undefined });
      case 'device': {
        const authorization = headers.get('authorization');
        return devices.act(operation.platform, operation.id, operation.action, {
          instance,
          body,
          query,
          authorization,
        });
      }
      case 'report':
        return takeReport(ports, instance, body);
    }
  }
}

function userIdOf(encoded: string, headers: ReadonlyMap<string, string>): string {
  const form = FORM_ENCODING.test(headers.get('x-pusher-library') ?? '');
  return segmentDecoded(form ? encoded.replaceAll('+', ' ') : encoded);
}

/** Also of users that nobody knows: what is asked for is that there be none. */
async function deleteUser(devices: DeviceStore, { app }: Instance, user: string): Promise<Reply> {
  if (lengthOf(user) > LONGEST_NAME) return USER_ID_TOO_LONG;
  if (isUserId(user)) await devices.removeUser(app.id, user);
  return DONE;
}
