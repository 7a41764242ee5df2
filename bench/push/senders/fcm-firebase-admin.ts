/** Google's own library, with its 500 tokens a call. Its address is a constant, so its connections are redirected. */

import type * as Http2 from 'node:http2';
import { createRequire } from 'node:module';
import { FCM_PAYLOAD, fcmToken } from '../notification.ts';
import { loadPeer } from '../peer.ts';
import { fakesCa } from '../provider-ports.ts';
import { factsOf, type PushSender } from '../push-sender.ts';

interface Admin {
  initializeApp(options: object): object;
}

interface Messaging {
  getMessaging(app: object): {
    sendEachForMulticast(message: object): Promise<{
      successCount: number;
      responses: readonly { error?: { message: string } }[];
    }>;
  };
}

const MOST_PER_CALL = 500;

export const fcmFirebaseAdmin: PushSender = {
  name: 'fcm-firebase-admin',
  summary: 'firebase-admin, sendEachForMulticast over HTTP/2',
  needsPeers: true,
  start: async (settings) => {
    const fact = factsOf(settings, 'fcm');
    redirectHttp2(fact('endpoint'));
    const { initializeApp } = loadPeer<Admin>(settings, 'firebase-admin/app');
    const { getMessaging } = loadPeer<Messaging>(settings, 'firebase-admin/messaging');
    const token = { access_token: fact('accessToken'), expires_in: 3600 };
    const messaging = getMessaging(
      initializeApp({ projectId: 'test-project', credential: { getAccessToken: async () => token } }),
    );
    const call = async (count: number): Promise<number> => {
      const tokens = Array.from({ length: count }, fcmToken);
      const { successCount, responses } = await messaging.sendEachForMulticast({ ...FCM_PAYLOAD, tokens });
      if (successCount < count)
        throw new Error(`not sent: ${responses.find(({ error }) => error !== undefined)?.error?.message}`);
      return successCount;
    };
    return {
      send: async (count) => {
        let taken = 0;
        for (let left = count; left > 0; left -= MOST_PER_CALL)
          taken += await call(Math.min(left, MOST_PER_CALL));
        return taken;
      },
      stop: () => undefined,
    };
  },
};

/** Leads all HTTP/2 connections of this process to the fake; also mends `:scheme`, which the library sends with a colon. */
function redirectHttp2(endpoint: string): void {
  const http2 = createRequire(import.meta.url)('node:http2') as { connect: typeof Http2.connect };
  const connect = http2.connect;
  http2.connect = ((_authority: unknown, options: object) => {
    const session = connect(endpoint, { ...options, ca: fakesCa(), servername: 'localhost' });
    const request = session.request.bind(session);
    session.request = (headers, more) =>
      request({ ...headers, ':scheme': 'https' } as Http2.OutgoingHttpHeaders, more);
    return session;
  }) as typeof Http2.connect;
}
