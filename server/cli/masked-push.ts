/** An app's push as it may be shown: in the form of a config file, without what opens or signs anything. */
import type { ApnsSettings, PushSettings } from '../apps/push-settings.ts';

/** @param mask stands in place of each secret */
export function maskedPush(push: PushSettings, mask: string, maskedUrl: (url: string) => string): object {
  const { beams, centrifugo, kinvey, fcm, apns, webPush, hms, sharedNames } = push;
  return {
    beams: beams && {
      ...beams,
      secretKey: mask,
      webhooks: beams.webhooks.map((webhook) => ({ ...webhook, url: maskedUrl(webhook.url), secret: mask })),
    },
    centrifugo: centrifugo && { apiKey: mask },
    kinvey: kinvey && { appKey: kinvey.appKey, appSecret: mask, masterSecret: mask },
    fcm: fcm && { ...fcm, credentials: mask },
    apns: apns && maskedApns(apns, mask),
    webPush: webPush && { ...webPush, privateKey: mask },
    hms: hms && { ...hms, appSecret: mask },
    sharedNames,
  };
}

function maskedApns({ credentials, ...others }: ApnsSettings, mask: string): object {
  if (credentials.kind === 'certificate') return { certificate: mask, ...others };
  return { key: mask, keyId: credentials.keyId, teamId: credentials.teamId, ...others };
}
