/** Apps by id and by key, in memory. Ids are unique, keys over all apps: whoever puts an app in has seen to that. */
import { SigningKey } from '../lib/hmac.ts';
import type { App } from './app.ts';
import type { AppKey } from './app-registry.ts';

export class AppIndex {
  readonly #byId = new Map<string, App>();
  readonly #byKey = new Map<string, AppKey>();

  constructor(apps: Iterable<App> = []) {
    for (const app of apps) this.put(app);
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

  /** Takes an app in, in place of the one that had its id. */
  put(app: App): void {
    this.remove(app.id);
    this.#byId.set(app.id, app);
    for (const { key, secret } of app.credentials) {
      this.#byKey.set(key, { app, key, signingKey: new SigningKey(secret) });
    }
  }

  remove(id: string): void {
    const app = this.#byId.get(id);
    if (app === undefined) return;
    this.#byId.delete(id);
    // A key that another app has taken over meanwhile is that one's.
    for (const { key } of app.credentials) if (this.#byKey.get(key)?.app === app) this.#byKey.delete(key);
  }
}
