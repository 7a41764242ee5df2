/** Which nodes live: what they divide their common work by. */
export interface Membership {
  /** This node's id in the cluster: another one after it was taken for dead. */
  readonly nodeId: string;

  /** Until when, by its own clock, nobody takes this node for dead. */
  readonly safeUntil: number;

  /** The ids of all nodes that live, as far as this one knows; itself included, unless it is about to go. At once. */
  live(): readonly string[];

  /** Calls after every change of `live()`, and of this node's id. */
  onChange(listener: () => void): void;
}
