/**
 * Closes connections that neither sign in nor join an authorized channel in time, for apps that ask for it. One
 * sweep a second for all, no timer per connection. PROTOCOL.md, "Connecting".
 */
import { Codes } from '../../protocol/index.ts';
import type { Connection } from '../channels/connection.ts';
import type { Clock } from '../lib/clock.ts';

const SWEEP_MS = 1000;

export class AuthorizationDeadlines {
  readonly #clock: Clock;
  /** Connections that have yet to show who they are, and until when, in milliseconds of the clock. */
  readonly #deadlines = new Map<Connection, number>();
  /** Undefined while there is nothing to sweep. */
  #stopSweeping: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Gives a new connection its time, if its app asks for any. */
  start(connection: Connection): void {
    const { authorizationTimeoutSeconds } = connection.hub.app;
    if (authorizationTimeoutSeconds === 0) return;
    connection.hub.unauthorized += 1;
    this.#deadlines.set(connection, this.#clock.now() + authorizationTimeoutSeconds * 1000);
    this.#stopSweeping ??= this.#clock.every(SWEEP_MS, () => this.#sweep());
  }

  /** The connection has shown who it is. From here on it counts towards the app's limit, if there is room. */
  authorized(connection: Connection): void {
    if (!this.forget(connection)) return;
    const { app, quotaUsed } = connection.hub;
    if (app.limits.connections > 0 && quotaUsed > app.limits.connections) connection.close(Codes.overQuota);
  }

  /** No deadline any more. Returns whether there was one. */
  forget(connection: Connection): boolean {
    if (this.#deadlines.size === 0 || !this.#deadlines.delete(connection)) return false;
    connection.hub.unauthorized -= 1;
    return true;
  }

  stop(): void {
    this.#stopSweeping?.();
    this.#stopSweeping = undefined;
  }

  #sweep(): void {
    if (this.#deadlines.size === 0) this.stop();
    const now = this.#clock.now();
    for (const [connection, deadline] of this.#deadlines) {
      if (deadline <= now) connection.close(Codes.notAuthorizedInTime);
    }
  }
}
