/** An app as `/admin/apps` shows it: in the form of the configuration file, secrets masked, with what is known about it. */
import type { App } from '../../apps/app.ts';
import type { StoredApp } from '../../apps/stored-app.ts';
import { maskedEntry } from '../../config/masked-entry.ts';
import { MASK } from '../../lib/mask.ts';

export interface AppView {
  readonly id: string;
  /** `config`: read-only. */
  readonly source: 'config' | 'database';
  readonly [name: string]: unknown;
}

/** An app of the configuration, with all that it inherits. */
export function fixedView(app: App): AppView {
  const { id, enabled, credentials, ...settings } = app;
  const pairs = credentials.map(({ key }) => ({ key, secret: MASK }));
  return { id, source: 'config', enabled, credentials: pairs, ...maskedEntry(settings) };
}

/**
 * A stored app, with what it was given.
 * @param problems why nodes leave it out; none when they don't
 */
export function storedView(app: StoredApp, problems: readonly string[] = []): AppView {
  const { id, enabled, version, credentials, settings } = app;
  return {
    id,
    source: 'database',
    enabled,
    version,
    created_at: new Date(app.createdAt).toISOString(),
    updated_at: new Date(app.updatedAt).toISOString(),
    ...(problems.length === 0 ? {} : { problems }),
    credentials: credentials.map(({ key, retiresAt }) => ({
      key,
      secret: MASK,
      ...(retiresAt === undefined ? {} : { retires_at: new Date(retiresAt).toISOString() }),
    })),
    ...maskedEntry(settings),
  };
}
