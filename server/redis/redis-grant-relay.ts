/** Grants go to the node whose number the socket id begins with. See the port. */
import type { GrantRelay, RelayedGrant, RelayOutcome } from '../auth/grant-relay.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { NodeInbox } from './node-inbox.ts';

export class RedisGrantRelay implements GrantRelay {
  readonly #inbox: NodeInbox;
  readonly #number: number;

  /** @param number this node's */
  constructor(inbox: NodeInbox, number: number) {
    this.#inbox = inbox;
    this.#number = number;
  }

  start(record: (grant: RelayedGrant) => Eventual<RelayOutcome>): Promise<void> {
    this.#inbox.onQuestion((question) => record(question as RelayedGrant));
    return this.#inbox.start();
  }

  async record(grant: RelayedGrant): Promise<RelayOutcome> {
    const [number] = grant.socketId.split('.', 1);
    const node = Number(number);
    // Not an id that any node gave, or one of ours whose connection is gone.
    if (!/^\d{1,10}$/.test(number ?? '') || node === this.#number) return 'unknown';
    const outcome = await this.#inbox.ask(node, grant);
    return outcome === 'recorded' || outcome === 'full' ? outcome : 'unknown';
  }
}
