/** What the doors ask of the pipeline. */
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import { beginningOf, objectionTo } from './accepting.ts';
import type { DeviceStore, Page, PageQuery } from './device-store.ts';
import type { FinishHook, ProvidersOf } from './pipeline.ts';
import type { Accepted, NewPublish, Outcome, PublishReport } from './publish.ts';
import type { Publishing, Receipt } from './publishing.ts';
import { type PushMetrics, recipientTypeOf } from './push-metrics.ts';
import type { AcceptedPublish, PushQueue } from './push-queue.ts';

export interface PublisherPorts {
  readonly queue: PushQueue;
  /** Undefined without a database: then no device is known, and none reports. */
  readonly devices: Pick<DeviceStore, 'find'> | undefined;
  readonly providersOf: ProvidersOf;
  readonly instanceOf: (appId: string) => string | undefined;
  readonly hook: FinishHook;
  readonly metrics: PushMetrics;
  readonly clock: Clock;
  readonly ids: Ids;
}

export class Publisher implements Publishing {
  readonly #ports: PublisherPorts;
  readonly #wake: () => void;

  /** @param wake tells this node's workers that there is something to do */
  constructor(ports: PublisherPorts, wake: () => void) {
    this.#ports = ports;
    this.#wake = wake;
  }

  async accept(publish: NewPublish): Promise<Accepted> {
    const { queue, providersOf, instanceOf, metrics, clock } = this.#ports;
    const accepted = this.#accepted(publish, clock.now());
    const { appId, createdAt, sendAt, target } = accepted;
    // Not in the queue yet: its number is nobody's.
    const objection = objectionTo({ ...accepted, id: 0 }, providersOf, instanceOf(appId));
    if (objection !== undefined) return objection;
    const { jobs, targeted } = beginningOf(accepted, createdAt);
    const answer = await queue.accept(accepted, jobs, targeted);
    if (answer.kind === 'accepted') {
      if (sendAt !== undefined && sendAt > createdAt) metrics.scheduled(recipientTypeOf(target));
      this.#wake();
    }
    return answer;
  }

  async cancel(appId: string, publicId: string): Promise<boolean> {
    const cancelled = await this.#ports.queue.cancel(appId, publicId, this.#ports.clock.now());
    if (cancelled) this.#wake();
    return cancelled;
  }

  report(appId: string, publicId: string): Promise<PublishReport | undefined> {
    return this.#ports.queue.report(appId, publicId);
  }

  outcomes(appId: string, publicId: string, page: PageQuery): Promise<Page<Outcome>> {
    return this.#ports.queue.outcomes(appId, publicId, page);
  }

  async received(appId: string, receipt: Receipt): ReturnType<Publishing['received']> {
    const { queue, devices, clock } = this.#ports;
    const device = await devices?.find(appId, receipt.deviceId);
    if (device === undefined) return { news: false, user: undefined };
    // Whether the notification is noted as sent doesn't matter: a device may be faster than we are.
    const news = await queue.receive({ ...receipt, appId, at: clock.now() });
    return { news, user: news ? device.user : undefined };
  }

  #accepted(publish: NewPublish, createdAt: number): AcceptedPublish {
    const { hook, ids } = this.#ports;
    const own = (): string => (publish.door === 'beams' ? `pubid-${ids.uniqueId()}` : ids.uniqueId());
    return { ...publish, publicId: publish.publicId ?? own(), createdAt, notify: hook.wants(publish) };
  }
}
