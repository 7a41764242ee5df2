/** Each app's providers, made when they are first needed and kept for as long as the app's settings stay the same. */
import type { App } from '../apps/app.ts';
import type { AppRegistry } from '../apps/app-registry.ts';
import type { PushSettings } from '../apps/push-settings.ts';
import type { Clock } from '../lib/clock.ts';
import type { ProviderName } from './device.ts';
import type { PushProvider } from './push-provider.ts';

export type Providers = ReadonlyMap<ProviderName, PushProvider>;

const NONE: Providers = new Map();
/** What is under way when an app changes may take so long. */
const LAST_WORDS_MS = 120_000;

interface Built {
  readonly settings: PushSettings;
  readonly providers: Providers;
}

export class AppProviders {
  readonly #apps: Pick<AppRegistry, 'byId'>;
  readonly #build: (app: App) => Providers;
  readonly #clock: Clock;
  readonly #built = new Map<string, Built>();

  constructor(apps: Pick<AppRegistry, 'byId'>, build: (app: App) => Providers, clock: Clock) {
    this.#apps = apps;
    this.#build = build;
    this.#clock = clock;
  }

  /** Empty for an app that is unknown, switched off or without providers. */
  of(appId: string): Providers {
    const app = this.#apps.byId(appId);
    const built = this.#built.get(appId);
    if (built !== undefined && built.settings === app?.push) return app.enabled ? built.providers : NONE;
    if (built !== undefined) this.#replace(appId, built);
    if (app === undefined) return NONE;
    const providers = this.#build(app);
    this.#built.set(appId, { settings: app.push, providers });
    return app.enabled ? providers : NONE;
  }

  close(): void {
    for (const { providers } of this.#built.values()) closeAll(providers);
    this.#built.clear();
  }

  #replace(appId: string, { providers }: Built): void {
    this.#built.delete(appId);
    this.#clock.after(LAST_WORDS_MS, () => closeAll(providers));
  }
}

function closeAll(providers: Providers): void {
  for (const provider of providers.values()) provider.close();
}
