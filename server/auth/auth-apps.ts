/** The apps whose auth endpoints are on. */
import type { App } from '../apps/app.ts';
import type { AppKey, AppRegistry } from '../apps/app-registry.ts';
import type { AuthSettings } from '../apps/auth-settings.ts';
import type { AppAuth } from './app-auth.ts';

export interface AuthApp {
  readonly app: App;
  readonly settings: AuthSettings;
  readonly auth: AppAuth;
}

type Build = (app: App, settings: AuthSettings, key: AppKey) => AppAuth;

export class AuthApps {
  readonly #registry: AppRegistry;
  readonly #build: Build;
  /** By the app's value, which is another one when the app changes. */
  readonly #built = new WeakMap<App, AuthApp>();
  /** Undefined until it is asked for again. */
  #all: readonly AuthApp[] | undefined;

  constructor(registry: AppRegistry, build: Build) {
    this.#registry = registry;
    this.#build = build;
    registry.onChange(() => {
      this.#all = undefined;
    });
  }

  all(): readonly AuthApp[] {
    this.#all ??= [...this.#registry.all()].flatMap((app) => this.#of(app) ?? []);
    return this.#all;
  }

  /** By id or key. */
  find(name: string): AuthApp | undefined {
    const app = this.#registry.byKey(name)?.app ?? this.#registry.byId(name);
    return app === undefined ? undefined : this.#of(app);
  }

  #of(app: App): AuthApp | undefined {
    const { auth: settings } = app;
    if (settings === undefined || !settings.enabled || !app.enabled) return undefined;
    const built = this.#built.get(app);
    if (built !== undefined) return built;
    // Any of its keys would do, and the oldest is the one every client knows.
    const key = this.#registry.byKey(app.credentials[0]?.key ?? '');
    if (key === undefined) return undefined;
    const authApp = { app, settings, auth: this.#build(app, settings, key) };
    this.#built.set(app, authApp);
    return authApp;
  }
}
