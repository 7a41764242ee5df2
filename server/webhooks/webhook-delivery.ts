/** Carries queued events to their receivers: one worker per lane, so that nobody waits for another's receiver. */
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { EndpointDirectory } from './endpoint-directory.ts';
import { type LanePorts, LaneWorker, type RetrySettings } from './lane-worker.ts';
import type { WebhookQueue } from './webhook-queue.ts';

export interface DeliveryPorts extends LanePorts {
  readonly endpoints: EndpointDirectory;
  readonly queue: WebhookQueue;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often a stop looks whether its time is over. */
const BEAT_MS = 50;

export class WebhookDelivery {
  readonly #ports: DeliveryPorts;
  readonly #workers: readonly LaneWorker[];
  #working: Promise<unknown> = Promise.resolve();

  constructor(settings: RetrySettings, ports: DeliveryPorts) {
    this.#ports = ports;
    this.#workers = [...ports.endpoints.all()].flatMap(({ lanes }) =>
      lanes.map((lane) => new LaneWorker(lane, settings, ports)),
    );
  }

  start(): void {
    this.#working = Promise.all(this.#workers.map((worker) => worker.run()));
  }

  /**
   * Sends what is left, for at most `ms`; what then still is left is logged, per endpoint, and stays where the queue
   * keeps it. Nothing may be added any more.
   */
  async stop(ms: number): Promise<void> {
    const { queue, poster, clock } = this.#ports;
    await queue.close();
    let done = false;
    const finished = this.#working.then(() => {
      done = true;
    });
    const end = clock.now() + ms;
    // Pauses, not a timer, because nothing else keeps the process alive while workers wait to try again.
    while (!done && clock.now() < end) await Promise.race([finished, clock.pause(BEAT_MS)]);
    for (const worker of this.#workers) worker.halt();
    poster.close();
    await this.#working;
    this.#reportUnsent();
  }

  #reportUnsent(): void {
    const { endpoints, queue, logger } = this.#ports;
    for (const endpoint of endpoints.all()) {
      const events = queue.queued(endpoint);
      if (events === 0) continue;
      logger.error(
        { appId: endpoint.appId, endpoint: endpoint.name, events },
        'webhooks not sent before the stop',
      );
    }
  }
}
