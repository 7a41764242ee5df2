/** Asks every client to reconnect elsewhere, spread over time so that they don't all come back at once. */
import { Codes } from '../protocol/index.ts';
import type { Hub } from './channels/hub.ts';
import type { Clock } from './lib/clock.ts';

/** With few connections the window is shorter: so many milliseconds each. */
const MS_PER_CONNECTION = 2;
/** The beat at which closes are sent. */
const TICK_MS = 20;

/**
 * Closes all connections with 4200, evenly over at most `windowMs` milliseconds. The first go after a beat, in which
 * requests under way are still answered.
 */
export async function drainConnections(hub: Hub, clock: Clock, windowMs: number): Promise<void> {
  const connections = [...hub.connections()];
  const spreadMs = Math.min(windowMs, connections.length * MS_PER_CONNECTION);
  const perTick = Math.max(1, Math.ceil((connections.length * TICK_MS) / Math.max(spreadMs, 1)));
  do {
    await clock.pause(TICK_MS);
    for (const connection of connections.splice(0, perTick)) connection.close(Codes.reconnect);
  } while (connections.length > 0);
}
