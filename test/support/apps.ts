/** App settings for tests, in the form of the configuration file. */
import { DEFAULT_APP } from './server.ts';

/** Every optional part of the protocol off, so that a test sees only the frames it is about. */
export const QUIET = { clientEvents: false, subscriptionCounts: false, watchlists: false } as const;

/** The default app with the optional parts off, but for what `settings` switches on. */
export function quietApp(settings: { features?: object } & Record<string, unknown> = {}): typeof DEFAULT_APP {
  return { ...DEFAULT_APP, ...settings, features: { ...QUIET, ...settings.features } } as typeof DEFAULT_APP;
}
