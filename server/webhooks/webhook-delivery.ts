/** Carries queued events to their receivers: one worker per lane in use, so that nobody waits for another's receiver. */
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { EndpointDirectory } from './endpoint-directory.ts';
import { type LanePorts, LaneWorker, type Refusal, type RetrySettings } from './lane-worker.ts';
import { Siding } from './siding.ts';
import type { Lane, WebhookEndpoint } from './webhook-endpoint.ts';
import type { WebhookQueue } from './webhook-queue.ts';

export interface DeliveryPorts extends LanePorts {
  readonly endpoints: EndpointDirectory;
  readonly queue: WebhookQueue;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often a stop looks whether its time is over. */
const BEAT_MS = 20;

export class WebhookDelivery {
  readonly #settings: RetrySettings;
  readonly #ports: DeliveryPorts;
  readonly #workers = new Set<LaneWorker>();
  #stopped = false;

  constructor(settings: RetrySettings, ports: DeliveryPorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  /** Called before anything is added to the queue. */
  start(): void {
    this.#ports.queue.start((lane) => {
      this.#work(lane, new Siding());
    });
  }

  /** An endpoint was removed from its app: what is queued for it becomes dead letters, and its workers end. */
  async end(endpoint: WebhookEndpoint): Promise<void> {
    try {
      await this.#ports.queue.end(endpoint);
    } catch (err) {
      this.#ports.logger.error({ err, endpoint: endpoint.name }, 'webhook queue failed');
    }
    for (const worker of this.#workers) worker.endpointRemoved();
  }

  /**
   * Sends what is left, for at most `ms`; what then still is left is logged, per endpoint, and stays where the queue
   * keeps it. Nothing may be added any more.
   */
  async stop(ms: number): Promise<void> {
    const { queue, poster, clock } = this.#ports;
    await queue.close();
    const end = clock.now() + ms;
    // Pauses, not a timer, because nothing else keeps the process alive while workers wait to try again.
    while (this.#workers.size > 0 && clock.now() < end) await clock.pause(BEAT_MS);
    this.#stopped = true;
    for (const worker of this.#workers) worker.halt();
    poster.close();
    this.#reportUnsent();
    await queue.release();
  }

  /** A worker never fails; it ends when its lane is over, or when it is halted. */
  async #work(lane: Lane, siding: Siding, refusal?: Refusal): Promise<void> {
    if (this.#stopped) return;
    const splitOff = async (part: Lane, refused: Refusal): Promise<void> => {
      siding.enter();
      await this.#work(part, siding, refused);
      siding.leave();
    };
    const worker = new LaneWorker(lane, this.#settings, this.#ports, { siding, splitOff }, refusal);
    this.#workers.add(worker);
    await worker.run();
    this.#workers.delete(worker);
  }

  #reportUnsent(): void {
    const { endpoints, queue, logger } = this.#ports;
    for (const endpoint of endpoints.all()) {
      const events = queue.queued(endpoint);
      if (events === 0) continue;
      const fields = { appId: endpoint.appId, endpoint: endpoint.name, events };
      if (queue.outlivesNode) logger.info(fields, 'webhooks left to other nodes');
      else logger.error(fields, 'webhooks not sent before the stop');
    }
  }
}
