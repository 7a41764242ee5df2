/** @parse/node-apn, with hundreds of tokens a call. */
import { APNS_PAYLOAD, apnsToken } from '../notification.ts';
import { loadPeer } from '../peer.ts';
import { fakesCa } from '../provider-ports.ts';
import { factsOf, type PushSender } from '../push-sender.ts';

interface Apn {
  Provider: new (
    options: object,
  ) => {
    send(
      notification: object,
      tokens: readonly string[],
    ): Promise<{ sent: readonly unknown[]; failed: readonly object[] }>;
    shutdown(): void;
  };
  Notification: new () => { topic: string; rawPayload: object; pushType: string };
}

export const apnsNodeApn: PushSender = {
  name: 'apns-node-apn',
  summary: '@parse/node-apn, hundreds of tokens a call',
  needsPeers: true,
  start: async (settings) => {
    const fact = factsOf(settings, 'apns');
    const { Provider, Notification } = loadPeer<Apn>(settings, '@parse/node-apn');
    const { hostname, port } = new URL(fact('endpoint'));
    const provider = new Provider({
      token: { key: fact('key'), keyId: fact('keyId'), teamId: fact('teamId') },
      address: hostname,
      port: Number(port),
      ca: fakesCa(),
      production: true,
    });
    const notification = new Notification();
    notification.topic = fact('topic');
    notification.pushType = 'alert';
    notification.rawPayload = APNS_PAYLOAD;
    return {
      send: async (count) => {
        const { sent, failed } = await provider.send(notification, Array.from({ length: count }, apnsToken));
        if (failed.length > 0) throw new Error(`not sent: ${JSON.stringify(failed[0])}`);
        return sent.length;
      },
      stop: () => provider.shutdown(),
    };
  },
};
