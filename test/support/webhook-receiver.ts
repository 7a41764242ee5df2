/** A customer's backend: keeps what it is sent, byte for byte, and answers as a test wants. */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
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
  readonly #server: Server;
  readonly #port: number;
  #changed: Array<() => void> = [];

  private constructor(server: Server, port: number) {
    this.url = `http://127.0.0.1:${port}/hooks`;
    this.#server = server;
    this.#port = port;
  }

  static async start(): Promise<WebhookReceiver> {
    const server = createServer();
    await listen(server, 0);
    const receiver = new WebhookReceiver(server, (server.address() as AddressInfo).port);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => undefined);
      request.on('end', () => receiver.receive(request, response, Buffer.concat(chunks).toString('utf8')));
    });
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

  /** Refuses connections from here on, and drops those there are. */
  stopListening(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  /** Takes connections again, at the same address. */
  listenAgain(): Promise<void> {
    return listen(this.#server, this.#port);
  }

  close(): Promise<void> {
    return this.stopListening();
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
}

/** Events without what differs from run to run. */
export function plain(events: readonly ReceivedEvent[]): object[] {
  return events.map(({ id: _, ...event }) => event);
}
