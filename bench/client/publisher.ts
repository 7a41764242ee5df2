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
  /** Requests released for sending by `release`. */
  due: number;
  sent: number;
  answered: number;
}

export interface PublisherOptions {
  readonly address: Address;
  /** One list of requests per connection. */
  readonly lanes: readonly (readonly Buffer[])[];
  /**
   * Requests under way per connection. More than 1 is pipelining, which uWebSockets.js only takes from servers that
   * answer within the same tick: it closes the connection when a request arrives before the last one's answer.
   */
  readonly depth: number;
  /** Told of the first thing that went wrong. */
  readonly onFailure: (error: Error) => void;
  /** Told of each answer: to which request, numbered as `release` numbers them. */
  readonly onAnswer?: (i: number) => void;
}

export class Publisher {
  readonly #lanes: readonly Lane[];
  readonly #options: PublisherOptions;
  /** Whether a lane may send its next request; paced unless a flood is on. */
  #allows = isDue;
  /** Set while somebody waits for answers. */
  #noticed: (() => void) | undefined;
  #failure: Error | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#lanes = options.lanes.map((requests, at) => this.#lane(requests, at));
  }

  /** Opens the connections; right before use, since servers close idle ones after some seconds. */
  async connect(): Promise<void> {
    await Promise.all(this.#lanes.map(({ client }) => client.connect()));
  }

  get sent(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.sent, 0);
  }

  /** Lets the next request of lane `i` (modulo their number) go: now, or once its connection is free. */
  release(i: number): void {
    const lane = this.#lanes[i % this.#lanes.length];
    if (lane === undefined) throw new Error('a publisher without lanes');
    lane.due += 1;
    this.#fill(lane);
  }

  /** Resolves when everything released was sent and answered with 200. */
  answered(): Promise<void> {
    return this.#until(ANSWER_TIMEOUT_MS, ({ due, answered }) => answered === due);
  }

  /**
   * Sends on every lane as fast as answers come while `mayGo()`, which is asked again on each answer and each `poke`.
   * Resolves when all requests, or those sent within `milliseconds`, are answered.
   */
  async flood(milliseconds: number, mayGo: () => boolean): Promise<void> {
    const end = Date.now() + milliseconds;
    const inTime = (): boolean => Date.now() < end;
    this.#allows = () => mayGo() && inTime();
    this.poke();
    await this.#until(milliseconds + ANSWER_TIMEOUT_MS, ({ sent, answered, requests }) => {
      return sent === answered && (sent === requests.length || !inTime());
    });
    this.#allows = isDue;
  }

  /** Something changed that `mayGo` depends on. */
  poke(): void {
    for (const lane of this.#lanes) this.#fill(lane);
    this.#noticed?.();
  }

  close(): void {
    for (const { client } of this.#lanes) client.close();
  }

  #lane(requests: readonly Buffer[], at: number): Lane {
    const client = new HttpClient(
      this.#options.address,
      () => {
        this.#options.onAnswer?.(lane.answered * this.#options.lanes.length + at);
        lane.answered += 1;
        this.#fill(lane);
        this.#noticed?.();
      },
      (error) => {
        this.#failure ??= error;
        this.#options.onFailure(this.#failure);
        this.#noticed?.();
      },
    );
    const lane: Lane = { requests, client, due: 0, sent: 0, answered: 0 };
    return lane;
  }

  #until(milliseconds: number, done: (lane: Lane) => boolean): Promise<void> {
    const finished = new Promise<void>((resolve, reject) => {
      this.#noticed = () => {
        if (this.#failure !== undefined) reject(this.#failure);
        else if (this.#lanes.every(done)) resolve();
      };
      this.#noticed();
    });
    return within(milliseconds, 'answers to all requests', finished);
  }

  #fill(lane: Lane): void {
    const batch: Buffer[] = [];
    while (lane.sent - lane.answered < this.#options.depth && this.#allows(lane)) {
      const request = lane.requests[lane.sent];
      if (request === undefined) break;
      batch.push(request);
      lane.sent += 1;
    }
    if (batch.length > 0) lane.client.send(batch);
  }
}

function isDue(lane: Lane): boolean {
  return lane.sent < lane.due;
}
