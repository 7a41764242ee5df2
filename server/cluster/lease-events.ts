/** What a node's lease tells those who hang something on it. */

/** How a node came to be swept: `dead` if its lease lapsed, `left` if it gave it up. */
export type Departure = 'dead' | 'left';

/** What the node learns about itself and the others. */
export interface LeaseEvents {
  /** The lease was renewed, and what hangs on it is in Redis. */
  renewed(): void;
  /**
   * The node goes on under a new id: others swept it (`swept`), or Redis has forgotten it (`forgotten`).
   * Done when everything is contributed under the new id; if it rejects, it is asked for again.
   */
  renamed(reason: 'swept' | 'forgotten'): Promise<void>;
  /** Redis has forgotten its nodes: until `restored` some may still be putting back what is theirs. May be told twice. */
  restoring(): void;
  /** Nodes are missing that Redis has forgotten: notes under a former id of this one what else is known to be lost. */
  remember(formerId: string): Promise<void>;
  /** Nobody is putting anything back any more. */
  restored(): void;
  /** Takes away all that a node contributed which is gone. May be asked for twice. */
  sweep(nodeId: string, how: Departure): Promise<void>;
}
