/**
 * Requests to the HTTP API over several keep-alive connections, each a stream of its own: within a connection order is
 * kept, so a receiver can check the numbers per stream. Requests are signed before the measured phase.
 */
import type { Address } from '../app.ts';
import { HttpClient } from './http-client.ts';
import { within } from './within.ts';

/** Time for the last answers to come in, in ms. */
const ANSWER_TIMEOUT_MS = 15_000;

interface Lane {
  readonly client: HttpClient;
  /** What this lane sends, in order. */
  readonly requests: readonly Buffer[];
  sent: number;
  answered: number;
}

export interface PublisherOptions {
  readonly address: Address;
  /** One list of requests per connection. */
  readonly lanes: readonly (readonly Buffer[])[];
  /** Requests under way per connection. */
  readonly depth: number;
  readonly onFailure: (error: Error) => void;
}

export class Publisher {
  readonly #lanes: readonly Lane[];
  readonly #options: PublisherOptions;
  #wake: (() => void) | undefined;
  #failure: Error | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#lanes = options.lanes.map((requests) => {
      const lane: Lane = {
        requests,
        sent: 0,
        answered: 0,
        client: new HttpClient(
          () => {
            lane.answered += 1;
            this.#wake?.();
          },
          (error) => {
            this.#failure ??= error;
            options.onFailure(error);
            this.#wake?.();
          },
        ),
      };
      return lane;
    });
  }

  /** Opens the connections; right before use, since servers close idle ones after some seconds. */
  async connect(): Promise<void> {
    await Promise.all(this.#lanes.map(({ client }) => client.connect(this.#options.address)));
  }

  get sent(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.sent, 0);
  }

  /** Sends the next request of a lane, whatever is under way. */
  sendNext(laneIndex: number): void {
    const lane = this.#lanes[laneIndex];
    const request = lane?.requests[lane.sent];
    if (lane === undefined || request === undefined) throw new Error(`lane ${laneIndex} has no request left`);
    lane.sent += 1;
    lane.client.send([request]);
  }

  /**
   * Sends on every lane as fast as answers come, `depth` under way, while `mayGo()`; `mayGo` is asked again on each
   * answer and each `poke`. Resolves when all requests, or those sent within `milliseconds`, are answered.
   */
  async flood(milliseconds: number, mayGo: () => boolean): Promise<void> {
    const end = Date.now() + milliseconds;
    const finished = new Promise<void>((resolve, reject) => {
      this.#wake = () => {
        if (this.#failure !== undefined) {
          reject(this.#failure);
          return;
        }
        const late = Date.now() >= end;
        if (!late) for (const lane of this.#lanes) this.#fill(lane, mayGo);
        if (
          this.#lanes.every(
            ({ sent, answered, requests }) => sent === answered && (late || sent === requests.length),
          )
        ) {
          resolve();
        }
      };
    });
    this.#wake?.();
    try {
      await within(milliseconds + ANSWER_TIMEOUT_MS, 'answers to all requests', finished);
    } finally {
      this.#wake = undefined;
    }
  }

  /** Something changed that `mayGo` depends on. */
  poke(): void {
    this.#wake?.();
  }

  /** Resolves when every request sent was answered with 200. */
  async answered(): Promise<void> {
    await this.flood(0, () => false);
  }

  close(): void {
    for (const { client } of this.#lanes) client.close();
  }

  #fill(lane: Lane, mayGo: () => boolean): void {
    const batch: Buffer[] = [];
    while (lane.sent - lane.answered < this.#options.depth && lane.sent < lane.requests.length && mayGo()) {
      const request = lane.requests[lane.sent];
      if (request === undefined) break;
      batch.push(request);
      lane.sent += 1;
    }
    if (batch.length > 0) lane.client.send(batch);
  }
}
