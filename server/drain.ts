/** Asks every client to reconnect elsewhere, spread over time so that they don't all come back at once. */
import { Codes } from '../protocol/index.ts';
import type { Hub } from './channels/hub.ts';
import type { Clock } from './lib/clock.ts';

/** With few connections the window is shorter: so many milliseconds each. */
const MS_PER_CONNECTION = 2;
/** The beat at which closes are sent. */
const TICK_MS = 20;

/**
 * How long clients that come back at once are still told to come again later. pusher-js dials within the same
 * millisecond, and when it is turned away once more a second later; finding the port closed, it would not try again for a
 * quarter of a minute.
 */
const TURN_AWAY_MS = 1250;

/**
 * Closes all connections with 4200, evenly over at most `windowMs` milliseconds, and goes on refusing those who come
 * back for up to a second and a quarter of it. The first go after a beat, in which requests under way are still answered.
 */
export async function drainConnections(hub: Hub, clock: Clock, windowMs: number): Promise<void> {
  const connections = [...hub.connections()];
  const closing = connections.length > 0;
  const spreadMs = Math.min(windowMs, connections.length * MS_PER_CONNECTION);
  const perTick = Math.max(1, Math.ceil((connections.length * TICK_MS) / Math.max(spreadMs, 1)));
  do {
    await clock.pause(TICK_MS);
    for (const connection of connections.splice(0, perTick)) connection.close(Codes.reconnect);
  } while (connections.length > 0);
  if (closing) await clock.pause(Math.min(windowMs, TURN_AWAY_MS));
}
