/** Publishes as fast as they are accepted. */
import { Publisher } from '../client/publisher.ts';
import type { Cost } from '../measure.ts';
import type { FanOut } from './fan-out-setup.ts';
import type { Bench } from './scenario.ts';

export interface Flood {
  /** Time after which no further publish is started, in ms. */
  readonly limitMs: number;
  /**
   * Publishes whose deliveries may be outstanding. Bounds what piles up in the kernel when the generator reads more slowly
   * than the server writes; without it the flood would measure how a server sheds slow readers.
   */
  readonly window: number;
}

/** Sends the lanes, and sees every delivery. */
export async function publishFlooding(
  { address, meter, pipeline }: Pick<Bench, 'address' | 'meter' | 'pipeline'>,
  { tally, lanes, subscribers }: Pick<FanOut, 'tally' | 'lanes' | 'subscribers'>,
  { limitMs, window }: Flood,
): Promise<{ readonly cost: Cost; readonly deliveries: number }> {
  const onFailure = (error: Error): void => tally.fail(error);
  const publisher = new Publisher({ address, lanes, depth: pipeline, onFailure });
  await publisher.connect();
  const cost = await meter.measure(async () => {
    const poke = setInterval(() => publisher.poke(), 1);
    try {
      await publisher.flood(limitMs, () => (publisher.sent - window) * subscribers < tally.received);
    } finally {
      clearInterval(poke);
    }
    await tally.until(publisher.sent * subscribers);
  });
  const deliveries = publisher.sent * subscribers;
  tally.finish(deliveries);
  publisher.close();
  return { cost, deliveries };
}
