/** A trigger's publications, and what to say truthfully when some of them fail. */
import type { Trigger } from '../../../protocol/index.ts';
import type { App } from '../../apps/app.ts';
import { EventData } from '../../broker/publications.ts';
import type { Publisher } from '../../channels/event-publisher.ts';
import type { Eventual } from '../../lib/eventual.ts';
import { Unavailable } from '../../lib/unavailable.ts';

/** Publishes to every channel of each trigger; a trigger's data is escaped once for all of its channels. */
export function publishTriggers(
  publisher: Publisher,
  app: App,
  triggers: readonly Trigger[],
): Eventual<unknown> {
  const [first] = triggers;
  const [only] = first?.channels ?? [];
  if (triggers.length === 1 && first?.channels.length === 1 && only !== undefined) {
    const published = publisher.publish(app, only, first.name, new EventData(first.data), first.socketId);
    return published instanceof Promise ? published.catch(refusedOne) : published;
  }
  const published = triggers.flatMap(({ channels, name, data: text, socketId }) => {
    const data = new EventData(text);
    return channels.map((channel) => publisher.publish(app, channel, name, data, socketId));
  });
  return published.some((one) => one instanceof Promise) ? truthful(published) : undefined;
}

/** What a request asks for beside publishing; without it, the publishing is done all the same. */
export function besidePublished<T>(value: Eventual<T>): Eventual<T> {
  if (!(value instanceof Promise)) return value;
  return value.catch((error: unknown) => {
    throw error instanceof Unavailable
      ? error.because('everything was published, only the info asked for is missing')
      : error;
  });
}

function refusedOne(error: unknown): never {
  if (!(error instanceof Unavailable)) throw error;
  throw error.because(error.done === 'no' ? 'nothing was published' : 'it may have been published');
}

/** Waits for all, so that a failure can say what became of the others. */
async function truthful(published: ReadonlyArray<Eventual<void>>): Promise<void> {
  const outcomes = await Promise.allSettled(published);
  const failures = outcomes.flatMap((outcome): unknown[] =>
    outcome.status === 'rejected' ? [outcome.reason] : [],
  );
  const [failure] = failures;
  if (failures.length === 0) return;
  if (!(failure instanceof Unavailable)) throw failure;
  const nothing =
    failures.length === outcomes.length &&
    failures.every((each) => each instanceof Unavailable && each.done === 'no');
  if (nothing) throw failure.because('nothing was published');
  throw failure.because('some may have been published');
}
