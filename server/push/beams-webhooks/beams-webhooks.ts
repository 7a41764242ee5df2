/** Who is to be told what of a publish: the app's webhooks, and the address that the publish itself named. */
import { createHash } from 'node:crypto';
import type { AppRegistry } from '../../apps/app-registry.ts';
import type { BeamsSettings } from '../../apps/push-settings.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Ids } from '../../lib/ids.ts';
import type { NewPublish } from '../publish.ts';
import type { Receipt } from '../publishing.ts';
import type { FinishedPublish } from '../push-queue.ts';
import {
  type BeamsEvent,
  eventBody,
  finishedBody,
  notificationReceived,
  startedBody,
  USERS_ATTEMPTED,
  usersAttempted,
  webhookIdOf,
} from './beams-webhook-bodies.ts';
import type { BeamsWebhookQueue, NewBeamsWebhook } from './beams-webhook-queue.ts';

export interface BeamsWebhookPorts {
  readonly queue: BeamsWebhookQueue;
  readonly apps: Pick<AppRegistry, 'byId'>;
  readonly ids: Ids;
  readonly clock: Clock;
  /** Called when something was added. */
  readonly added: () => void;
}

export interface PublishWebhook {
  readonly url: string;
  /** JSON. */
  readonly requestBody: string;
}

/** `Webhook-Event-Type` has no value for a publish's own webhook: none is sent. */
export const PUBLISH_WEBHOOK = 'publish';

export class BeamsWebhooks {
  readonly #ports: BeamsWebhookPorts;

  constructor(ports: BeamsWebhookPorts) {
    this.#ports = ports;
  }

  /** Whether somebody wants to hear that the publish is finished. */
  wants({ appId, door, target, publishWebhook }: NewPublish): boolean {
    if (publishWebhook !== undefined) return true;
    if (door !== 'beams' || target.kind !== 'users') return false;
    return this.#beamsOf(appId)?.webhooks.some(({ events }) => events.includes(USERS_ATTEMPTED)) ?? false;
  }

  /** A publish that names an address was accepted. */
  started(appId: string, publishId: string, { url, requestBody }: PublishWebhook): Promise<void> {
    return this.#add([
      this.#ofPublish(appId, publishId, 'started', url, startedBody(publishId, requestBody)),
    ]);
  }

  /** All is done that a publish asked for. Called again with the same, it changes nothing. */
  finished(publish: FinishedPublish): Promise<void> {
    const { appId, publicId, publishWebhook, byProvider, users, door } = publish;
    const added: NewBeamsWebhook[] = [];
    const beams = this.#beamsOf(appId);
    if (door === 'beams' && beams !== undefined && users !== undefined) {
      const event = usersAttempted(beams.instanceId, publicId, users);
      added.push(...this.#ofEvent(appId, beams, event, publicId));
    }
    if (publishWebhook !== undefined) {
      const { url, requestBody } = publishWebhook;
      const body = finishedBody(publicId, requestBody, byProvider);
      added.push(this.#ofPublish(appId, publicId, 'finished', url, body));
    }
    return this.#add(added);
  }

  /** A device of a user got or opened a notification. */
  received(appId: string, { publicId, deviceId, kind }: Receipt, user: string): Promise<void> {
    const beams = this.#beamsOf(appId);
    if (beams === undefined) return Promise.resolve();
    const event = notificationReceived(beams.instanceId, publicId, user, kind);
    return this.#add(this.#ofEvent(appId, beams, event, `${publicId} ${deviceId}`));
  }

  #beamsOf(appId: string): BeamsSettings | undefined {
    return this.#ports.apps.byId(appId)?.push.beams;
  }

  /** @param subject what the event is about: one webhook of the type is sent for it */
  #ofEvent(appId: string, beams: BeamsSettings, event: BeamsEvent, subject: string): NewBeamsWebhook[] {
    const at = this.#ports.clock.now();
    const eventId = this.#ports.ids.uniqueId();
    return beams.webhooks
      .filter(({ events }) => events.includes(event.type))
      .map(({ url, customData }) => {
        const webhookId = webhookIdOf(beams.instanceId, url);
        return {
          key: `${event.type} ${webhookId} ${subject}`,
          appId,
          webhookId,
          url: undefined,
          lane: webhookId,
          eventType: event.type,
          body: eventBody(event, eventId, at, customData),
          createdAt: at,
        };
      });
  }

  #ofPublish(
    appId: string,
    publishId: string,
    status: 'started' | 'finished',
    url: string,
    body: string,
  ): NewBeamsWebhook {
    return {
      key: `${status} ${publishId}`,
      appId,
      webhookId: undefined,
      url,
      // Short, and without the password that the address may hold.
      lane: createHash('sha256')
        .update(`${appId} ${new URL(url).host}`)
        .digest('hex')
        .slice(0, 32),
      eventType: PUBLISH_WEBHOOK,
      body,
      createdAt: this.#ports.clock.now(),
    };
  }

  async #add(webhooks: readonly NewBeamsWebhook[]): Promise<void> {
    if (webhooks.length === 0) return;
    await this.#ports.queue.add(webhooks);
    this.#ports.added();
  }
}
