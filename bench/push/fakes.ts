/** A process with the fake services, so that their CPU time is nobody else's. Tells its parent what they are. */
import { FakeApns } from '../../test/support/push/fake-apns.ts';
import { FakeFcm } from '../../test/support/push/fake-fcm.ts';
import { fakesTls } from './provider-ports.ts';
import type { FakeFacts } from './push-sender.ts';

/** As long as one that Google grants. */
const ACCESS_TOKEN = `ya29.c.${'b0AbenchTokenOf1000Bytes'.repeat(9)}`;

/** Starts a fake and tells where it is and what it takes. */
const FAKES: Readonly<Record<string, () => Promise<FakeFacts>>> = {
  fcm: async () => {
    const fake = await FakeFcm.start({ tls: fakesTls() });
    fake.keep = false;
    fake.accept(ACCESS_TOKEN);
    return { endpoint: fake.endpoint, credentials: fake.credentials(), accessToken: ACCESS_TOKEN };
  },
  apns: async () => {
    const fake = await FakeApns.start({ tls: fakesTls(), streams: 1000, maxTokens: 100 });
    fake.keep = false;
    const { endpoint, key, keyId, teamId, topic } = fake;
    return { endpoint, key, keyId, teamId, topic };
  },
};

const facts: Record<string, FakeFacts> = {};
for (const [name, start] of Object.entries(FAKES)) facts[name] = await start();
process.send?.(facts);
process.once('disconnect', () => process.exit(0));
