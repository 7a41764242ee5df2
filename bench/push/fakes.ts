/** A process with the fake services, so that their CPU time is nobody else's. Tells its parent what they are. */
import { FakeApns } from '../../test/support/push/fake-apns.ts';
import { FakeFcm } from '../../test/support/push/fake-fcm.ts';
import { FakeHms, HMS_APP } from '../../test/support/push/fake-hms.ts';
import { FakePushService } from '../../test/support/push/fake-push-service.ts';
import { vapidPair } from '../../test/support/push/fake-vapid.ts';
import { fakesTls } from './provider-ports.ts';
import type { FakeFacts } from './push-sender.ts';

/** As long as one that Google grants. */
const ACCESS_TOKEN = `ya29.c.${'b0AbenchTokenOf1000Bytes'.repeat(9)}`;

/** Enough to notice a wrong encryption, few enough not to make the fake the slower side. */
const DECRYPTED_ONE_OF = 50;
const SUBSCRIPTIONS = 1000;

/** Starts a fake and tells where it is and what it takes. */
const FAKES: Readonly<Record<string, () => Promise<FakeFacts>>> = {
  fcm: async () => {
    const fake = await FakeFcm.start({ tls: fakesTls() });
    fake.keep = false;
    fake.accept(ACCESS_TOKEN);
    return { endpoint: fake.endpoint, credentials: fake.credentials(), accessToken: ACCESS_TOKEN };
  },
  apns: async () => {
    const fake = await FakeApns.start({
      tls: fakesTls(),
      streams: 1000,
      maxConcurrentStreams: 1000,
      maxTokens: 100,
    });
    fake.keep = false;
    const { endpoint, key, keyId, teamId, topic } = fake;
    return { endpoint, key, keyId, teamId, topic };
  },
  webpush: async () => {
    const fake = await FakePushService.start({
      protocol: 'h2',
      tls: fakesTls(),
      decryptOneOf: DECRYPTED_ONE_OF,
      keep: false,
    });
    const pair = vapidPair();
    const subscriptions = Array.from({ length: SUBSCRIPTIONS }, () => fake.subscribe(pair.publicKey));
    const { origin } = fake;
    return { ...pair, origin, subject: 'mailto:bench@example.com', subscriptions: subscriptions.join('\n') };
  },
  hms: async () => {
    const fake = await FakeHms.start({ tls: fakesTls() });
    fake.keep = false;
    const { endpoint, tokenEndpoint } = fake;
    return { ...HMS_APP, endpoint, tokenEndpoint };
  },
};

const facts: Record<string, FakeFacts> = {};
for (const [name, start] of Object.entries(FAKES)) facts[name] = await start();
process.send?.(facts);
process.once('disconnect', () => process.exit(0));
