/** Sending, for backends: to users, or to every device of the app. */
import type { App } from '../../apps/app.ts';
import type { AddressPolicy } from '../../outgoing/address-policy.ts';
import type { ProviderName } from '../../push/device.ts';
import { readToken } from '../../push/device-token.ts';
import type { KinveyUsers } from '../../push/kinvey/kinvey-users.ts';
import { fillTexts, namesIn } from '../../push/message-texts.ts';
import type { Payloads } from '../../push/payloads.ts';
import type { NewPublish, PublishTarget } from '../../push/publish.ts';
import type { Publishing } from '../../push/publishing.ts';
import type { Fields } from './kinvey-body.ts';
import { payloadsOf } from './kinvey-content.ts';
import { needed } from './kinvey-credentials.ts';
import { recipientsIn, type Stranger } from './kinvey-recipients.ts';
import { KinveyError } from './kinvey-replies.ts';

export interface KinveySendPorts {
  readonly publishing: Publishing;
  /** Undefined without a database: then it is sent to tokens only. */
  readonly users: KinveyUsers | undefined;
  readonly policy: AddressPolicy;
}

/** Documents without an id that one message with values of theirs may go to: each is a message of its own. */
const MOST_STRANGERS = 1000;

export class KinveySends {
  readonly #ports: KinveySendPorts;

  constructor(ports: KinveySendPorts) {
    this.#ports = ports;
  }

  /** `{{name}}` in a message is replaced by what the document of each user says, or else by what we know of the user. */
  async send(app: App, body: Fields): Promise<object> {
    const payloads = this.#payloads(app, body);
    const { users, strangers } = recipientsIn(body['recipients']);
    const names = namesIn(payloads);
    const ids: string[] = [];
    if (users.size > 0 || strangers.length === 0) {
      needed(this.#ports.users);
      const variables = names.size === 0 ? undefined : variablesOf(users, names);
      const target: PublishTarget = { kind: 'users', users: [...users.keys()] };
      ids.push(await this.#accept(app, target, payloads, variables));
    }
    for (const [target, own] of this.#toStrangers(strangers, payloads, names.size > 0)) {
      ids.push(await this.#accept(app, target, own, undefined));
    }
    return ids.length === 1 ? { publishId: ids[0] } : { publishId: ids[0] ?? null, publishIds: ids };
  }

  /** `{{name}}` is replaced by what we know of the user of each device. */
  async broadcast(app: App, body: Fields): Promise<object> {
    const payloads = this.#payloads(app, body);
    needed(this.#ports.users);
    const variables = namesIn(payloads).size === 0 ? undefined : {};
    return { publishId: await this.#accept(app, { kind: 'all' }, payloads, variables) };
  }

  #payloads({ push }: App, body: Fields): Payloads {
    const payloads = payloadsOf(body['messageContent']);
    if (push.fcm === undefined && push.apns === undefined) {
      throw new KinveyError('MissingConfiguration', 'the app has neither FCM nor APNs');
    }
    return payloads;
  }

  #toStrangers(
    strangers: readonly Stranger[],
    payloads: Payloads,
    personal: boolean,
  ): Array<readonly [PublishTarget, Payloads]> {
    const { apns, fcm } = payloads;
    const send = (group: readonly Stranger[], own: Payloads) => [
      ...this.#toTokens('apns', apns === undefined ? [] : group.flatMap(({ ios }) => ios), own),
      ...this.#toTokens('fcm', fcm === undefined ? [] : group.flatMap(({ android }) => android), own),
    ];
    if (!personal) return send(strangers, payloads);
    if (strangers.length > MOST_STRANGERS) {
      const limit = `a message with values may go to ${MOST_STRANGERS} documents without _id`;
      throw new KinveyError('ParameterValueOutOfRange', limit);
    }
    return strangers.flatMap((one) => send([one], fillTexts(payloads, one.values) as Payloads));
  }

  /** Tokens that can be none are left out, as users without devices are. */
  #toTokens(
    provider: ProviderName,
    texts: readonly string[],
    payloads: Payloads,
  ): Array<readonly [PublishTarget, Payloads]> {
    const rules = { allowedOrigins: [], policy: this.#ports.policy };
    const tokens = texts.flatMap((text) => {
      const read = readToken(provider, text, rules);
      return 'token' in read ? [read.token] : [];
    });
    return tokens.length === 0 ? [] : [[{ kind: 'tokens', provider, tokens }, payloads]];
  }

  async #accept(
    app: App,
    target: PublishTarget,
    payloads: Payloads,
    variables: NewPublish['variables'],
  ): Promise<string> {
    const accepted = await this.#ports.publishing.accept({
      appId: app.id,
      door: 'kinvey',
      publicId: undefined,
      target,
      payloads,
      sendAt: undefined,
      expiresAt: undefined,
      offlineOnly: undefined,
      variables,
      idempotency: undefined,
      publishWebhook: undefined,
    });
    switch (accepted.kind) {
      case 'accepted':
        return accepted.publicId;
      case 'invalid':
        throw new KinveyError('BadRequest', accepted.reason);
      case 'no provider':
        throw new KinveyError('MissingConfiguration', `the app has no provider ${accepted.provider}`);
      case 'conflict':
        throw new KinveyError('KinveyInternalErrorRetry');
    }
  }
}

/** Of each document what the message names, and nothing else: the values are kept until the message is sent. */
function variablesOf(
  documents: ReadonlyMap<string, Fields>,
  names: ReadonlySet<string>,
): NonNullable<NewPublish['variables']> {
  const named = ([name]: readonly [string, unknown]): boolean => names.has(name);
  return Object.fromEntries(
    [...documents].map(([id, document]) => [id, Object.fromEntries(Object.entries(document).filter(named))]),
  );
}
