/** One frame to this node's subscribers of a topic, whatever their transport. */
import type { Socket } from './socket.ts';

export interface Fanout {
  /**
   * Hands the frame to every socket subscribed to `topic`, keeping each socket's order with its own `send`.
   * @param frame text, or the same as UTF-8
   * @param except a subscribed socket that must not get it
   */
  publish(topic: string, frame: string | Uint8Array, except?: Socket): void;
}
