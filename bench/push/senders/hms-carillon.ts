/** Our HMS provider, at so many tokens a request as the call has, a thousand at most. */
import { HmsProvider } from '../../../server/push/providers/hms-provider.ts';
import { fcmToken, HMS_PAYLOAD } from '../notification.ts';
import { providerPorts, throughProvider } from '../provider-ports.ts';
import { factsOf, type PushSender } from '../push-sender.ts';

export const hmsCarillon: PushSender = {
  name: 'hms-carillon',
  summary: 'our HMS provider, many tokens a request',
  needsPeers: false,
  start: async (settings) => {
    const fact = factsOf(settings, 'hms');
    const provider = new HmsProvider(
      {
        appId: fact('appId'),
        appSecret: fact('appSecret'),
        endpoint: fact('endpoint'),
        tokenEndpoint: fact('tokenEndpoint'),
      },
      providerPorts(),
    );
    return throughProvider(provider, HMS_PAYLOAD, fcmToken);
  },
};
