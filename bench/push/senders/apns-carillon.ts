/** Our APNs provider. */
import { ApnsProvider } from '../../../server/push/providers/apns-provider.ts';
import { APNS_PAYLOAD, apnsToken } from '../notification.ts';
import { providerPorts, throughProvider } from '../provider-ports.ts';
import { factsOf, type PushSender } from '../push-sender.ts';

export const apnsCarillon: PushSender = {
  name: 'apns-carillon',
  summary: 'our APNs provider',
  needsPeers: false,
  start: async (settings) => {
    const fact = factsOf(settings, 'apns');
    const [key, keyId, teamId] = [fact('key'), fact('keyId'), fact('teamId')];
    const provider = new ApnsProvider(
      {
        credentials: { kind: 'token', key, keyId, teamId },
        bundleId: fact('topic'),
        endpoint: fact('endpoint'),
      },
      providerPorts(),
    );
    return throughProvider(provider, { headers: {}, payload: APNS_PAYLOAD }, apnsToken);
  },
};
