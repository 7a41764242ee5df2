/**
 * Grants among workers: each is kept by the worker that has its connection, and goes with it; revocations are kept by
 * the hub, for every worker to ask, and told to all. See the port.
 */
import type { EndedGrant, Grant, GrantStore, Room, Standing } from '../auth/grant-store.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { HubLink } from './hub-link.ts';
import type { ParentService, Revocation } from './hub-services.ts';

/** What this worker keeps of grants: answers at once. */
export interface LocalGrants extends Pick<GrantStore, 'revoke' | 'forget'> {
  record(appId: string, socketId: string, channel: string, grant: Grant, room: Room): boolean;
  standing(appId: string, socketId: string, channel: string, now: number): Standing | undefined;
  takeEnded(now: number): readonly EndedGrant[];
}

export class HubGrantStore implements GrantStore {
  readonly #link: HubLink<ParentService>;
  readonly #local: LocalGrants;

  constructor(link: HubLink<ParentService>, local: LocalGrants) {
    this.#link = link;
    this.#local = local;
    link.serve({
      revoked: ({ appId, userId, now }: Revocation) => local.revoke(appId, userId, now, 0),
    });
  }

  record(appId: string, socketId: string, channel: string, grant: Grant, room: Room): boolean {
    return this.#local.record(appId, socketId, channel, grant, room);
  }

  standing(appId: string, socketId: string, channel: string, now: number): Standing | undefined {
    return this.#local.standing(appId, socketId, channel, now);
  }

  takeEnded(now: number): readonly EndedGrant[] {
    return this.#local.takeEnded(now);
  }

  /** The hub tells all workers, this one included, before it answers. */
  revoke(appId: string, userId: string, now: number, forMs: number): Promise<void> {
    return this.#link.call('revoke', { appId, userId, now, forMs });
  }

  revokedAt(appId: string, userId: string, now: number): Promise<number | undefined> {
    return this.#link.call('revokedAt', { appId, userId, now });
  }

  forget(appId: string, socketId: string): Eventual<void> {
    return this.#local.forget(appId, socketId);
  }
}
