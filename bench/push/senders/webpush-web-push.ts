/** The library that most use, in a loop over subscriptions, with connections kept alive. */
import { Agent } from 'node:https';
import { WEB_PUSH_PAYLOAD } from '../notification.ts';
import { loadPeer } from '../peer.ts';
import { fakesCa } from '../provider-ports.ts';
import { factsOf, type PushSender } from '../push-sender.ts';
import { subscriptionsIn } from './subscriptions.ts';

interface WebPush {
  sendNotification(
    subscription: object,
    payload: string,
    options: object,
  ): Promise<{ readonly statusCode: number }>;
}

const SOCKETS = 64;

export const webPushLibrary: PushSender = {
  name: 'webpush-web-push',
  summary: 'web-push, sendNotification over 64 connections kept alive',
  needsPeers: true,
  start: async (settings) => {
    const fact = factsOf(settings, 'webpush');
    const library = loadPeer<WebPush>(settings, 'web-push');
    const next = subscriptionsIn(fact('subscriptions'));
    const text = JSON.stringify(WEB_PUSH_PAYLOAD.payload);
    const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS, ca: fakesCa() });
    const vapidDetails = {
      subject: fact('subject'),
      publicKey: fact('publicKey'),
      privateKey: fact('privateKey'),
    };
    return {
      send: async (count) => {
        const parsed = Array.from({ length: count }, () => JSON.parse(next()) as object);
        const answers = await Promise.all(
          parsed.map((subscription) => library.sendNotification(subscription, text, { agent, vapidDetails })),
        );
        return answers.length;
      },
      stop: () => agent.destroy(),
    };
  },
};
