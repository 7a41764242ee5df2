/**
 * Holds subscriptions and sign-ins to the grants they were allowed by: a subscription ends when its grant expires or is
 * revoked, and a signature is no good for another subscribe, or for signing in, after that. One sweep a second for all.
 */
import { Codes } from '../../protocol/index.ts';
import type { App } from '../apps/app.ts';
import type { Connection } from '../channels/connection.ts';
import { expel } from '../channels/expel.ts';
import type { Hub } from '../channels/hub.ts';
import type { LeavePorts } from '../channels/leave.ts';
import { authError } from '../channels/refusal.ts';
import type { Clock } from '../lib/clock.ts';
import { all, andThen, type Eventual } from '../lib/eventual.ts';
import type { Logger } from '../lib/logger.ts';
import type { Denied } from './claim-rules.ts';
import type { GrantRelay, RelayedGrant, RelayOutcome } from './grant-relay.ts';
import type { EndedGrant, Grant, GrantStore, Standing } from './grant-store.ts';

const SWEEP_MS = 1000;

const MESSAGES: Readonly<Record<EndedGrant['standing'], string>> = {
  expired: 'The grant for this channel has expired',
  revoked: 'The grant for this channel was revoked',
};

/** Where the store has a channel, the permission to sign in: one per user, and no channel's name has a slash. */
const signInOf = (userId: string): string => `signin/${userId}`;

const SIGN_IN_REFUSED = 'The permission to sign in was revoked';

export interface GrantPorts extends LeavePorts {
  readonly hub: Hub;
  readonly relay: GrantRelay;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class SubscriptionGrants {
  readonly #ports: GrantPorts;
  readonly #store: GrantStore;
  /** Undefined until there has been a grant to sweep. */
  #stopSweeping: (() => void) | undefined;
  /** Ended while their subscription was still under way. */
  #pending: EndedGrant[] = [];

  constructor(ports: GrantPorts, store: GrantStore) {
    this.#ports = ports;
    this.#store = store;
  }

  /**
   * Remembers a grant that is about to be given. A socket id that no connection has needs no record: the signature
   * is of use to nobody.
   */
  record(app: App, socketId: string, channel: string, grant: Grant): Eventual<Denied | undefined> {
    const relayed: RelayedGrant = { appId: app.id, socketId, channel, ...grant };
    const here = this.#ports.hub.connection(socketId) !== undefined;
    const outcome = here ? this.recordHere(relayed) : this.#ports.relay.record(relayed);
    return andThen(outcome, (recorded) =>
      recorded === 'full'
        ? { denied: `the connection is in ${app.limits.channelsPerConnection} channels already` }
        : undefined,
    );
  }

  /** The same for a connection of this node, whichever node the grant is given by. */
  recordHere({ appId, socketId, channel, userId, expiresAt }: RelayedGrant): Eventual<RelayOutcome> {
    const connection = this.#ports.hub.connection(socketId);
    if (connection?.hub.app.id !== appId) return 'unknown';
    this.#stopSweeping ??= this.#ports.clock.every(SWEEP_MS, () => this.#settle(this.#sweep()));
    const { channelsPerConnection } = connection.hub.app.limits;
    const room = {
      // One for signing in.
      max: channelsPerConnection + 1,
      inUse: (name: string) => connection.subscription(name) !== undefined,
    };
    const recorded = this.#store.record(appId, socketId, channel, { userId, expiresAt }, room);
    return andThen(recorded, (is) => (is ? 'recorded' : 'full'));
  }

  /** The same for a sign-in that is about to be allowed, which has no end of its own. */
  recordSignIn(app: App, socketId: string, userId: string): Eventual<Denied | undefined> {
    return this.record(app, socketId, signInOf(userId), { userId, expiresAt: undefined });
  }

  /** Whether the connection may still use what it was given for the channel; else the sentence for the client. */
  problem(connection: Connection, channel: string): Eventual<string | undefined> {
    return andThen(this.#standing(connection, channel), (standing) =>
      standing === undefined || standing === 'standing' ? undefined : MESSAGES[standing],
    );
  }

  /** Whether the connection may still sign in as the user; else the sentence for the client. */
  signInProblem(connection: Connection, userId: string): Eventual<string | undefined> {
    return andThen(this.#standing(connection, signInOf(userId)), (standing) =>
      standing === undefined || standing === 'standing' ? undefined : SIGN_IN_REFUSED,
    );
  }

  /** Ends all a user was given, now and for tokens that are already out. */
  revoke(app: App, userId: string): Eventual<void> {
    const forMs = (app.auth?.revocationSeconds ?? 0) * 1000;
    const revoked = this.#store.revoke(app.id, userId, this.#ports.clock.now(), forMs);
    return andThen(revoked, () => this.#sweep());
  }

  /** When the user's grants were revoked last. */
  revokedAt(app: App, userId: string): Eventual<number | undefined> {
    return this.#store.revokedAt(app.id, userId, this.#ports.clock.now());
  }

  /** The connection is gone. */
  forget(connection: Connection): void {
    const { app } = connection.hub;
    if (app.auth !== undefined) this.#settle(this.#store.forget(app.id, connection.id));
  }

  stop(): void {
    this.#stopSweeping?.();
  }

  #standing(connection: Connection, name: string): Eventual<Standing | undefined> {
    const { app } = connection.hub;
    // Without hosted endpoints there are no grants, and nobody need ask.
    if (app.auth === undefined) return undefined;
    return this.#store.standing(app.id, connection.id, name, this.#ports.clock.now());
  }

  #sweep(): Eventual<void> {
    return andThen(this.#store.takeEnded(this.#ports.clock.now()), (ended) => {
      const waiting = this.#pending;
      this.#pending = [];
      for (const grant of ended) this.#end(grant);
      return andThen(all(waiting.map((grant) => this.#endWaiting(grant))), () => undefined);
    });
  }

  /** Meanwhile the connection may have been given the channel anew. */
  #endWaiting(grant: EndedGrant): Eventual<void> {
    const { appId, socketId, channel } = grant;
    return andThen(this.#store.standing(appId, socketId, channel, this.#ports.clock.now()), (standing) => {
      if (standing === grant.standing) this.#end(grant);
    });
  }

  /** Ends the subscription of a grant, or keeps the grant in mind while the subscription is under way. */
  #end(grant: EndedGrant): void {
    const { appId, socketId, channel, standing } = grant;
    const connection = this.#ports.hub.connection(socketId);
    const subscription = connection?.subscription(channel);
    if (connection === undefined || connection.hub.app.id !== appId || subscription === undefined) return;
    if (!subscription.active) {
      this.#pending.push(grant);
    } else if (standing === 'expired' && connection.hub.app.auth?.atExpiry === 'reconnect') {
      connection.close(Codes.reconnect, MESSAGES.expired);
    } else {
      this.#settle(expel(this.#ports, connection, subscription, authError(MESSAGES[standing])));
    }
  }

  #settle(done: Eventual<void>): void {
    if (done instanceof Promise) {
      done.catch((error) => this.#ports.logger.error({ err: error }, 'end of a grant not recorded'));
    }
  }
}
