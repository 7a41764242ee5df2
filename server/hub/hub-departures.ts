/** Departures from any of the workers: the hub remembers them. See the port. */
import type { Departures } from '../presence/departures.ts';
import type { HubLink } from './hub-link.ts';
import type { ParentService } from './hub-services.ts';

export class HubDepartures implements Departures {
  readonly #link: HubLink<ParentService>;

  constructor(link: HubLink<ParentService>) {
    this.#link = link;
  }

  left(appId: string, userId: string): void {
    // What can't be noted is forgotten.
    this.#link.call('left', { appId, userId }).catch(() => undefined);
  }

  leftSince(appId: string, userIds: readonly string[], since: number): Promise<string[]> {
    return this.#link.call('leftSince', { appId, userIds, since });
  }
}
