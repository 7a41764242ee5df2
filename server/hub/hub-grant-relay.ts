/** Grants go through the hub to the worker whose number the socket id begins with. See the port. */
import type { GrantRelay, RelayedGrant, RelayOutcome } from '../auth/grant-relay.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { HubLink } from './hub-link.ts';
import type { ParentService } from './hub-services.ts';

export class HubGrantRelay implements GrantRelay {
  readonly #link: HubLink<ParentService>;

  constructor(link: HubLink<ParentService>) {
    this.#link = link;
  }

  start(record: (grant: RelayedGrant) => Eventual<RelayOutcome>): void {
    this.#link.serve({ recordGrant: record });
  }

  record(grant: RelayedGrant): Promise<RelayOutcome> {
    return this.#link.call('relayGrant', grant);
  }
}
