/** Commands about notifications: send, cancel, note what became of one. */
import { createHash } from 'node:crypto';
import type { AddressPolicy } from '../../outgoing/address-policy.ts';
import type { Accepted, PublishTarget } from '../../push/publish.ts';
import type { Publishing } from '../../push/publishing.ts';
import { type ReceiptPorts, takeReceipt } from '../../push/receipts.ts';
import { bad, CommandError, unavailable } from './centrifugo-replies.ts';
import type { Params } from './command-params.ts';
import { type Call, subscriptionRules } from './device-commands.ts';
import { payloadsOf, targetOf, timeOf } from './send-params.ts';

export interface SendCommandPorts {
  readonly publishing: Publishing;
  /** Undefined without a database: no device can be known. */
  readonly devices: ReceiptPorts['devices'] | undefined;
  /** Who is told of what devices did. */
  readonly webhooks: ReceiptPorts['webhooks'];
  /** Where requests may go. */
  readonly policy: AddressPolicy;
}

export const NO_REGISTRY =
  'the registry of devices needs a database: set CARILLON_DATA_DIR or CARILLON_DATABASE_URL';

const LONGEST_UID = 255;
/** Of later versions: what would be sent without them is something else. */
const NOT_SUPPORTED = ['limit_strategy', 'use_templating', 'use_meta', 'localizations'];
const STATUSES = ['delivered', 'interacted'] as const;

export class SendCommands {
  readonly #ports: SendCommandPorts;

  constructor(ports: SendCommandPorts) {
    this.#ports = ports;
  }

  /** Done once it is queued. The same `uid` with the same parameters is the same notification, sent once. */
  async send({ app, params }: Call): Promise<object> {
    for (const name of NOT_SUPPORTED) {
      if (params.isSet(name)) throw bad(`${name} is not supported`);
    }
    const target = targetOf(params.requiredInner('recipient'), subscriptionRules(app, this.#ports.policy));
    if (this.#ports.devices === undefined && needsRegistry(target)) throw unavailable(NO_REGISTRY);
    const notification = params.requiredInner('notification');
    const payloads = payloadsOf(notification);
    const sendAt = timeOf(params, 'send_at');
    const expiresAt = timeOf(notification, 'expire_at');
    if (sendAt !== undefined && expiresAt !== undefined && expiresAt <= sendAt) {
      throw bad('notification.expire_at must be later than send_at');
    }
    const uid = uidOf(params, notification);
    const accepted = await this.#ports.publishing.accept({
      appId: app.id,
      door: 'centrifugo',
      publicId: uid,
      target,
      payloads,
      sendAt,
      expiresAt,
      offlineOnly: undefined,
      variables: undefined,
      idempotency:
        uid === undefined ? undefined : { key: `centrifugo ${uid}`, fingerprint: digest(params.toJson()) },
      publishWebhook: undefined,
    });
    return { uid: uidAccepted(accepted) };
  }

  /** Done also where nothing is left to be stopped. */
  async cancel({ app, params }: Call): Promise<object> {
    await this.#ports.publishing.cancel(app.id, params.requiredText('uid'));
    return {};
  }

  /** Taken also of what nobody knows: whoever reports it could not mend it. */
  async updateStatus({ app, params }: Call): Promise<object> {
    const publicId = params.text('analytics_uid') || params.requiredText('uid');
    const status = params.choice('status', STATUSES);
    const deviceId = params.requiredText('device_id');
    const { devices, publishing, webhooks } = this.#ports;
    if (devices === undefined) throw unavailable(NO_REGISTRY);
    if (publicId.length > LONGEST_UID || deviceId.length > LONGEST_UID) return {};
    await takeReceipt({ devices, publishing, webhooks }, app.id, {
      publicId,
      deviceId,
      kind: status === 'delivered' ? 'delivered' : 'opened',
      clientTime: undefined,
      flags: {},
    });
    return {};
  }
}

function needsRegistry({ kind }: PublishTarget): boolean {
  return kind !== 'tokens' && kind !== 'topic' && kind !== 'condition';
}

/** First it stood in the notification, later beside it. What is told of notifications goes by the same id. */
function uidOf(params: Params, notification: Params): string | undefined {
  const analytics = params.text('analytics_uid');
  const uid = params.text('uid') || notification.text('uid') || analytics;
  if (uid.length > LONGEST_UID) throw bad(`uid must have at most ${LONGEST_UID} characters`);
  if (analytics !== '' && analytics !== uid) throw bad('analytics_uid other than uid is not supported');
  return uid === '' ? undefined : uid;
}

function uidAccepted(accepted: Accepted): string {
  switch (accepted.kind) {
    case 'accepted':
      return accepted.publicId;
    case 'conflict':
      throw new CommandError(113, "uid is another notification's");
    case 'invalid':
      throw bad(accepted.reason);
    case 'no provider':
      throw unavailable(`the app has no provider ${accepted.provider}`);
  }
}

const digest = (json: string): string => createHash('sha256').update(json).digest('hex');
