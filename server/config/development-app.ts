/** The app a development node makes up when none is configured, so that the first minute needs no settings. */
import type { Credential } from '../apps/app.ts';

export const DEVELOPMENT_APP_ID = '1';

/** Public knowledge, hence refused in production. */
export const DEVELOPMENT_CREDENTIAL: Credential = {
  key: 'carillon-dev-key',
  secret: 'carillon-dev-secret',
};
