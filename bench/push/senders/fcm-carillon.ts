/** Our FCM provider. */
import { FcmProvider } from '../../../server/push/providers/fcm-provider.ts';
import { FCM_PAYLOAD, fcmToken } from '../notification.ts';
import { providerPorts, throughProvider } from '../provider-ports.ts';
import { factsOf, type PushSender } from '../push-sender.ts';

export const fcmCarillon: PushSender = {
  name: 'fcm-carillon',
  summary: 'our FCM provider',
  needsPeers: false,
  start: async (settings) => {
    const fact = factsOf(settings, 'fcm');
    const provider = new FcmProvider(
      { credentials: fact('credentials'), endpoint: fact('endpoint') },
      providerPorts(),
    );
    return throughProvider(provider, FCM_PAYLOAD, fcmToken);
  },
};
