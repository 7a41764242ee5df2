/** Publishes for tests. */
import type { NewPublish } from '../../../server/push/publish.ts';
import type { AcceptedPublish } from '../../../server/push/push-queue.ts';

/** A message for FCM to user `ada`, unless changed. */
export function newPublish(changes: Partial<NewPublish> = {}): NewPublish {
  return {
    appId: 'app-1',
    door: 'centrifugo',
    publicId: undefined,
    target: { kind: 'users', users: ['ada'] },
    payloads: { fcm: { notification: { title: 'Hello' } } },
    sendAt: undefined,
    expiresAt: undefined,
    offlineOnly: undefined,
    variables: undefined,
    idempotency: undefined,
    publishWebhook: undefined,
    ...changes,
  };
}

let published = 0;

/** As it is queued, under a public id of its own. */
export function acceptedPublish(changes: Partial<AcceptedPublish> = {}): AcceptedPublish {
  published += 1;
  return { ...newPublish(), publicId: `publish-${published}`, createdAt: 1000, notify: false, ...changes };
}
