/** Which app an app key is. */
import type { App } from '../../apps/app.ts';
import type { AppRegistry } from '../../apps/app-registry.ts';
import type { KinveySettings } from '../../apps/push-settings.ts';

export interface KinveyApp {
  readonly app: App;
  readonly kinvey: KinveySettings;
}

export class KinveyApps {
  readonly #registry: Pick<AppRegistry, 'all' | 'byId'>;
  /** Where a key was found last; apps come, go and change, so it is looked at again each time. */
  readonly #seen = new Map<string, string>();

  constructor(registry: Pick<AppRegistry, 'all' | 'byId'>) {
    this.#registry = registry;
  }

  find(appKey: string): KinveyApp | undefined {
    const seen = kinveyAppOf(this.#registry.byId(this.#seen.get(appKey) ?? ''), appKey);
    if (seen !== undefined) return seen;
    this.#seen.delete(appKey);
    for (const app of this.#registry.all()) {
      const found = kinveyAppOf(app, appKey);
      if (found === undefined) continue;
      this.#seen.set(appKey, app.id);
      return found;
    }
    return undefined;
  }
}

function kinveyAppOf(app: App | undefined, appKey: string): KinveyApp | undefined {
  const kinvey = app?.push.kinvey;
  return app?.enabled === true && kinvey?.appKey === appKey ? { app, kinvey } : undefined;
}
