/** Our Web Push provider, and what its encryption alone allows. */
import { setImmediate as turn } from 'node:timers/promises';
import { WebPushEncryption } from '../../../server/push/providers/web-push-encryption.ts';
import { WebPushProvider } from '../../../server/push/providers/web-push-provider.ts';
import { WEB_PUSH_PAYLOAD } from '../notification.ts';
import { providerPorts, throughProvider } from '../provider-ports.ts';
import { factsOf, type PushSender } from '../push-sender.ts';
import { subscriptionsIn } from './subscriptions.ts';

export const webPushCarillon: PushSender = {
  name: 'webpush-carillon',
  summary: 'our Web Push provider',
  needsPeers: false,
  start: async (settings) => {
    const fact = factsOf(settings, 'webpush');
    const [publicKey, privateKey, subject] = [fact('publicKey'), fact('privateKey'), fact('subject')];
    const provider = new WebPushProvider(
      { publicKey, privateKey, subject, allowedOrigins: [fact('origin')] },
      providerPorts(),
    );
    return throughProvider(provider, WEB_PUSH_PAYLOAD, subscriptionsIn(fact('subscriptions')));
  },
};

export const webPushEncryption: PushSender = {
  name: 'webpush-encryption',
  summary: 'our encryption, without sending anything',
  needsPeers: false,
  start: async (settings) => {
    const next = subscriptionsIn(factsOf(settings, 'webpush')('subscriptions'));
    const encryption = new WebPushEncryption();
    const plaintext = Buffer.from(JSON.stringify(WEB_PUSH_PAYLOAD.payload));
    return {
      send: async (count) => {
        for (let i = 0; i < count; i += 1) {
          const { keys } = JSON.parse(next()) as {
            readonly keys: { readonly p256dh: string; readonly auth: string };
          };
          const p256dh = Buffer.from(keys.p256dh, 'base64url');
          encryption.encrypt(plaintext, { p256dh, auth: Buffer.from(keys.auth, 'base64url') });
        }
        await turn();
        return count;
      },
      stop: () => undefined,
    };
  },
};
