/** The apps named in the configuration; they change only with a restart. See the port. */
import { SigningKey } from '../lib/hmac.ts';
import type { App } from './app.ts';
import type { AppKey, AppRegistry } from './app-registry.ts';

export class ConfigAppRegistry implements AppRegistry {
  readonly #byId = new Map<string, App>();
  readonly #byKey = new Map<string, AppKey>();

  constructor(apps: readonly App[]) {
    for (const app of apps) {
      this.#byId.set(app.id, app);
      for (const { key, secret } of app.credentials) {
        this.#byKey.set(key, { app, key, signingKey: new SigningKey(secret) });
      }
    }
  }

  byId(id: string): App | undefined {
    return this.#byId.get(id);
  }

  byKey(key: string): AppKey | undefined {
    return this.#byKey.get(key);
  }

  all(): Iterable<App> {
    return this.#byId.values();
  }
}
