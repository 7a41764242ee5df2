/** Which app an instance id is. */
import type { App } from '../../apps/app.ts';
import type { AppRegistry } from '../../apps/app-registry.ts';
import type { BeamsSettings } from '../../apps/push-settings.ts';

export interface Instance {
  readonly app: App;
  readonly beams: BeamsSettings;
}

export class BeamsInstances {
  readonly #registry: Pick<AppRegistry, 'all' | 'byId'>;
  /** Where an instance was found last; apps come, go and change, so it is looked at again each time. */
  readonly #seen = new Map<string, string>();

  constructor(registry: Pick<AppRegistry, 'all' | 'byId'>) {
    this.#registry = registry;
  }

  /** @param instanceId in any letter case */
  find(instanceId: string): Instance | undefined {
    const wanted = instanceId.toLowerCase();
    const seen = instanceOf(this.#registry.byId(this.#seen.get(wanted) ?? ''), wanted);
    if (seen !== undefined) return seen;
    this.#seen.delete(wanted);
    for (const app of this.#registry.all()) {
      const instance = instanceOf(app, wanted);
      if (instance === undefined) continue;
      this.#seen.set(wanted, app.id);
      return instance;
    }
    return undefined;
  }
}

function instanceOf(app: App | undefined, instanceId: string): Instance | undefined {
  const beams = app?.push.beams;
  return app?.enabled === true && beams?.instanceId.toLowerCase() === instanceId ? { app, beams } : undefined;
}
