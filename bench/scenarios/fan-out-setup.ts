/** What the two fan-out scenarios share: a channel with many subscribers, and its events in two sizes. */
import { closeCrowd, openCrowd, subscribeCrowd } from '../client/crowd.ts';
import { Feed, Receiver } from '../client/delivery-check.ts';
import { payload } from '../client/payload.ts';
import { triggerRequest } from '../client/signing.ts';
import { Tally } from '../client/tally.ts';
import type { Bench, Figure } from './scenario.ts';

const CHANNEL = 'fan-out';
const EVENT = 'tick';
/** Bytes of data of the sizes measured. */
type Sizes = readonly (readonly [label: string, bytes: number])[];
const SIZES: Sizes = [
  ['100 B', 100],
  ['1 KB', 1024],
];

export interface FanOut {
  readonly label: string;
  readonly subscribers: number;
  /** Counts the deliveries of this size. */
  readonly tally: Tally;
  /** One list of signed requests per stream. */
  readonly lanes: readonly (readonly Buffer[])[];
}

/** Subscribes everyone, then runs `phase` for each size with `streams` lists of `perStream` requests. */
export async function forEachSize(
  { address, app, smoke }: Bench,
  streams: number,
  perStream: number,
  phase: (fanOut: FanOut) => Promise<Figure>,
  sizes = SIZES,
): Promise<Figure[]> {
  const subscribers = smoke ? 25 : 1_000;
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
    figures.push(await phase({ label, subscribers, tally, lanes }));
    sockets.check();
  }
  await closeCrowd(clients);
  sockets.check();
  return figures;
}
