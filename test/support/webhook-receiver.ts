/** A customer's backend: keeps what it is sent, byte for byte, and answers as a test wants. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedEvent {
  readonly name: string;
  readonly channel: string;
  readonly id: string;
  readonly [field: string]: unknown;
}

export interface Received {
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, in the casing they were sent in. */
  readonly rawHeaders: readonly string[];
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly at: number;
  readonly events: readonly ReceivedEvent[];
}

/** How to answer one request; true if the receiver has taken it. */
export type Answer = (response: ServerResponse, request: IncomingMessage, received: Received) => boolean;

export const accept: Answer = (response) => {
  response.writeHead(200).end('OK');
  return true;
};

export const fail: Answer = (response) => {
  response.writeHead(500).end('no');
  return false;
};

export class WebhookReceiver {
  readonly url: string;
  /** Every request that arrived whole. */
  readonly requests: Received[] = [];
  /** Those that were taken. */
  readonly taken: Received[] = [];
  answer: Answer = accept;
  readonly #close: () => Promise<void>;
  #changed: Array<() => void> = [];

  private constructor(port: number, close: () => Promise<void>) {
    this.url = `http://127.0.0.1:${port}/hooks`;
    this.#close = close;
  }

  static async start(): Promise<WebhookReceiver> {
    let receiver: WebhookReceiver | undefined;
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => undefined);
      request.on('end', () => receiver?.receive(request, response, Buffer.concat(chunks).toString('utf8')));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    receiver = new WebhookReceiver(
      port,
      () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    );
    return receiver;
  }

  receive(request: IncomingMessage, response: ServerResponse, body: string): void {
    const { events } = JSON.parse(body) as { events: ReceivedEvent[] };
    const { headers, rawHeaders, method = '', url = '' } = request;
    const received = { headers, rawHeaders, method, path: url, body, at: Date.now(), events };
    this.requests.push(received);
    if (this.answer(response, request, received)) this.taken.push(received);
    for (const changed of this.#changed.splice(0)) changed();
  }

  /** Events of the requests that were taken, in order. */
  get events(): ReceivedEvent[] {
    return this.taken.flatMap(({ events }) => events);
  }

  get names(): string[] {
    return this.events.map(({ name }) => name);
  }

  /** Waits until so many events were taken. */
  async until(count: number): Promise<ReceivedEvent[]> {
    await this.when(() => this.events.length >= count);
    return this.events;
  }

  /** Waits until a condition holds; looked at after each request. */
  async when(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  close(): Promise<void> {
    return this.#close();
  }
}

/** Events without what differs from run to run. */
export function plain(events: readonly ReceivedEvent[]): object[] {
  return events.map(({ id: _, ...event }) => event);
}
