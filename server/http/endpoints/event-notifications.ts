/** Notifications that go with events, for users who are not connected: checked, and kept before the events go out. */
import type { Trigger } from '../../../protocol/index.ts';
import type { App } from '../../apps/app.ts';
import { DatabaseUnavailable, UnstorableText } from '../../database/database-error.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Eventual } from '../../lib/eventual.ts';
import type { OccasionalLog } from '../../lib/occasional-log.ts';
import { Unavailable } from '../../lib/unavailable.ts';
import type { NewPublish } from '../../push/publish.ts';
import type { Objection, Publishing } from '../../push/publishing.ts';
import { publishOf } from './push-field.ts';

export interface NotificationPorts {
  readonly publishing: Pick<Publishing, 'accept' | 'objectionTo'>;
  readonly clock: Clock;
  readonly log: OccasionalLog;
}

/** Why nothing was published. */
export interface NotificationRefusal {
  readonly status: 400 | 409 | 503;
  readonly message: string;
}

/** By the place of its event in the request: the public id of a notification, undefined where none goes with it. */
export type NotificationIds = ReadonlyArray<string | undefined>;

interface Prepared {
  readonly at: number;
  readonly publish: NewPublish;
}

const NO_DATABASE: NotificationRefusal = {
  status: 503,
  message:
    'Service unavailable: push needs a database, in which devices are registered: set CARILLON_DATA_DIR or CARILLON_DATABASE_URL; nothing was published',
};

export class EventNotifications {
  readonly #ports: NotificationPorts | undefined;

  /** @param ports undefined without a database: then no device is known */
  constructor(ports: NotificationPorts | undefined) {
    this.#ports = ports;
  }

  /**
   * Accepts the notifications of a request's events, all or none as far as the request itself tells; from then on they
   * are sent whatever happens. To be called before the events are published.
   * @param batch whether a refusal is to say which event it is about
   */
  async accept(
    app: App,
    triggers: readonly Trigger[],
    batch: boolean,
  ): Promise<NotificationIds | NotificationRefusal> {
    const ports = this.#ports;
    if (ports === undefined) return NO_DATABASE;
    const place = (at: number): string => (batch ? ` (batch[${at}])` : '');
    const prepared: Prepared[] = [];
    for (const [at, trigger] of triggers.entries()) {
      if (trigger.push === undefined) continue;
      const publish = preparedFrom(ports, app, trigger, trigger.push);
      if (typeof publish === 'string') return { status: 400, message: `${publish}${place(at)}` };
      prepared.push({ at, publish });
    }
    const twice = idGivenTwice(prepared);
    if (twice !== undefined) {
      return { status: 400, message: `Invalid parameter: push.id '${twice}' is given to two events` };
    }
    return keep(ports, prepared, triggers.length, place);
  }
}

function preparedFrom(
  { publishing, clock }: NotificationPorts,
  app: App,
  trigger: Trigger,
  push: NonNullable<Trigger['push']>,
): NewPublish | string {
  const publish = publishOf(app, trigger, push, clock.now());
  if (typeof publish === 'string') return publish;
  const objection = publishing.objectionTo(publish);
  return objection === undefined ? publish : `Invalid parameter: ${reasonOf(objection)}`;
}

function idGivenTwice(prepared: readonly Prepared[]): string | undefined {
  const ids = prepared.flatMap(({ publish: { publicId } }) => publicId ?? []);
  return ids.find((id, at) => ids.indexOf(id) !== at);
}

/** One after the other, so that a failure can say which are kept. */
async function keep(
  { publishing, log }: NotificationPorts,
  prepared: readonly Prepared[],
  events: number,
  place: (at: number) => string,
): Promise<NotificationIds | NotificationRefusal> {
  const ids = new Array<string | undefined>(events).fill(undefined);
  const outcome = (at: number): string => {
    const kept = ids.flatMap((id, each) => (id === undefined ? [] : [`batch[${each}]`]));
    const also = kept.length === 0 ? '' : `, but the notifications of ${kept.join(', ')} were accepted`;
    return `; nothing was published${also}${place(at)}`;
  };
  for (const { at, publish } of prepared) {
    try {
      const accepted = await publishing.accept(publish);
      if (accepted.kind !== 'accepted') {
        const status = accepted.kind === 'conflict' ? 409 : 400;
        return { status, message: `Invalid parameter: ${reasonOf(accepted)}${outcome(at)}` };
      }
      ids[at] = accepted.publicId;
    } catch (error) {
      if (error instanceof UnstorableText) {
        return {
          status: 400,
          message: `Invalid parameter: push must not contain NUL characters${outcome(at)}`,
        };
      }
      if (!(error instanceof DatabaseUnavailable)) throw error;
      log.warn('events', { err: error }, 'request refused: its notification could not be kept');
      return { status: 503, message: `Service unavailable: the database can't be reached${outcome(at)}` };
    }
  }
  return ids;
}

function reasonOf(refusal: Objection): string {
  switch (refusal.kind) {
    case 'conflict':
      return 'push.id belongs to another notification';
    case 'invalid':
      return `push: ${refusal.reason}`;
    case 'no provider':
      return `push: the app has no provider ${refusal.provider}`;
  }
}

/** Publishing for which notifications have been accepted: when it fails, that is said too. */
export async function besideAccepted<T>(publishing: () => Eventual<T>): Promise<T> {
  try {
    return await publishing();
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    const what = error.consequence === '' ? '' : `${error.consequence}; `;
    throw error.because(`${what}what push asked for was accepted all the same`);
  }
}
