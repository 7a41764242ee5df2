/** Credentials of the kinds that push providers give out, made up for one run of the tests. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** PEM of a private key as `.p8` files hold it. */
export function ecKeyPem(curve = 'prime256v1'): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: curve });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** A service account's JSON; `changes` replace or, as undefined, remove members. */
export function serviceAccount(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    type: 'service_account',
    project_id: 'a-project',
    private_key_id: 'key-1',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    client_email: 'sender@a-project.iam.gserviceaccount.com',
    token_uri: 'https://oauth2.googleapis.com/token',
    ...changes,
  };
}

/** A `.p12` file with the tests' certificate in it. */
export const PKCS12 = {
  content: readFileSync(new URL('../tls/cert.p12', import.meta.url)),
  password: 'p12-password',
} as const;
