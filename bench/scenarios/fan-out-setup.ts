/** What the fan-out scenarios share: a channel with many subscribers, and its events in two sizes. */
import { closeCrowd, openCrowd, subscribeCrowd } from '../client/crowd.ts';
import { Feed, Receiver } from '../client/delivery-check.ts';
import { payload } from '../client/payload.ts';
import { triggerRequest } from '../client/signing.ts';
import { Tally } from '../client/tally.ts';
import type { WsClient } from '../client/ws-client.ts';
import type { Bench, Figure } from './scenario.ts';

const CHANNEL = 'fan-out';
const EVENT = 'tick';
/** Sizes of data, each with how it is called. */
export type Sizes = readonly (readonly [label: string, bytes: number])[];

export const USUAL_SIZES: Sizes = [
  ['100 B', 100],
  ['1 KB', 1024],
];

export interface FanOutPlan {
  readonly subscribers: number;
  readonly sizes: Sizes;
  /** Lists of requests, and how many each has. */
  readonly streams: number;
  readonly perStream: number;
}

export interface FanOut {
  readonly label: string;
  /** Of each event's data. */
  readonly bytes: number;
  readonly subscribers: number;
  readonly clients: readonly WsClient[];
  /** Counts the deliveries of this size. */
  readonly tally: Tally;
  /** One list of signed requests per stream. */
  readonly lanes: readonly (readonly Buffer[])[];
}

/** Subscribes everyone, 25 in a smoke run, then runs `phase` for each size. */
export async function forEachSize(
  { address, app, smoke }: Pick<Bench, 'address' | 'app' | 'smoke'>,
  plan: FanOutPlan,
  phase: (fanOut: FanOut) => Promise<Figure | Figure[]>,
): Promise<Figure[]> {
  const { sizes, streams, perStream } = plan;
  const subscribers = smoke ? 25 : plan.subscribers;
  const sockets = new Tally();
  const clients = await openCrowd({ address, appKey: app.key, tally: sockets }, subscribers);
  await subscribeCrowd(clients, () => CHANNEL);
  const figures: Figure[] = [];
  for (const [label, bytes] of sizes) {
    const tally = new Tally();
    const feed = new Feed(EVENT, CHANNEL, bytes);
    for (const client of clients) client.receiver = new Receiver(feed, tally, streams);
    const lanes = Array.from({ length: streams }, (_, stream) =>
      Array.from({ length: perStream }, (__, i) =>
        triggerRequest(app, EVENT, CHANNEL, payload(stream, i, bytes)),
      ),
    );
    figures.push(...[await phase({ label, bytes, subscribers, clients, tally, lanes })].flat());
    sockets.check();
  }
  await closeCrowd(clients);
  sockets.check();
  return figures;
}
