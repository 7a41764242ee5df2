/** The apps named in the configuration; they change only with a restart. See the port. */
import type { App } from './app.ts';
import { AppIndex } from './app-index.ts';
import type { AppKey, AppRegistry } from './app-registry.ts';

export class ConfigAppRegistry implements AppRegistry {
  readonly #index: AppIndex;

  constructor(apps: readonly App[]) {
    this.#index = new AppIndex(apps);
  }

  byId(id: string): App | undefined {
    return this.#index.byId(id);
  }

  byKey(key: string): AppKey | undefined {
    return this.#index.byKey(key);
  }

  all(): Iterable<App> {
    return this.#index.all();
  }

  onChange(): void {
    // There is nothing to tell while the process runs.
  }
}
