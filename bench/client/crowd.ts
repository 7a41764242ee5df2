/** Many sockets at once: opened, subscribed and closed with a bounded number of steps under way. */
import type { Address } from '../app.ts';
import type { Tally } from './tally.ts';
import { within } from './within.ts';
import { WsClient } from './ws-client.ts';

/** Handshakes, subscriptions or closes under way at a time, unless a scenario says otherwise. */
const CONCURRENCY = 32;
/** Sockets per loopback source address; well below the ~28,000 ports each has. */
const SOCKETS_PER_SOURCE = 5_000;
/** Time for one step of a whole crowd, in ms. */
const CROWD_TIMEOUT_MS = 60_000;

export interface CrowdOptions {
  readonly address: Address;
  readonly appKey: string;
  readonly tally: Tally;
  /** Loopback addresses to leave to others, since those of another crowd are in use; 0 when absent. */
  readonly sourcesAfter?: number;
}

/** Connects `count` sockets; resolves when all have their `connection_established`. */
export async function openCrowd(options: CrowdOptions, count: number): Promise<WsClient[]> {
  const { sourcesAfter = 0 } = options;
  const clients = Array.from({ length: count }, (_, i) => {
    const source = 1 + sourcesAfter + Math.floor(i / SOCKETS_PER_SOURCE);
    return new WsClient({ ...options, source: `127.0.0.${source}` });
  });
  await each(clients, 'handshakes', (client) => client.connect());
  return clients;
}

/** Subscribes socket i to `channelOf(i)`. */
export async function subscribeCrowd(
  clients: readonly WsClient[],
  channelOf: (i: number) => string,
): Promise<void> {
  await each(clients, 'subscriptions', (client, i) => client.subscribe(channelOf(i)));
}

/** Closes them all with the closing handshake. */
export async function closeCrowd(clients: readonly WsClient[]): Promise<void> {
  await each(clients, 'closes', (client) => client.close());
}

/** Runs `step` for each item, a bounded number at a time, in order of start. */
export async function each<T>(
  items: readonly T[],
  what: string,
  step: (item: T, index: number) => Promise<unknown>,
  concurrency = CONCURRENCY,
): Promise<void> {
  const iterator = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of iterator) await step(item, index);
  };
  const lanes = Array.from({ length: Math.min(concurrency, items.length) }, lane);
  await within(CROWD_TIMEOUT_MS, `${what} of ${items.length}`, Promise.all(lanes));
}
