/** A configuration as it may be shown: complete, but for its secrets. */
import type { Config } from '../config/config.ts';

const MASK = '********';

/** JSON in the form of a config file, two spaces deep. */
export function maskedConfig({ developmentApp: _, apps, tls, ...node }: Config): string {
  const shown = {
    ...node,
    tls:
      tls === undefined ? undefined : { ...tls, passphrase: tls.passphrase === undefined ? undefined : MASK },
    apps: apps.map((app) => ({
      ...app,
      credentials: app.credentials.map(({ key }) => ({ key, secret: MASK })),
    })),
  };
  return JSON.stringify(shown, null, 2);
}
