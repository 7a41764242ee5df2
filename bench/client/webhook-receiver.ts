/** Receives webhooks over real HTTP and checks each: its signature where it has one, and that no event comes twice or in the wrong order. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AppCredentials } from '../app.ts';
import { MARK, SEQUENCE_DIGITS, STREAM_DIGITS } from './payload.ts';
import type { Tally } from './tally.ts';

export interface WebhookEvent {
  readonly name: string;
  readonly channel: string;
  readonly data?: string;
}

/** Whether an event is of those that are counted now; throws for one that should not be. */
export type Expected = (event: WebhookEvent) => boolean;

export class WebhookReceiver {
  readonly #app: AppCredentials;
  readonly #tally: Tally;
  readonly #server: Server;
  /** Told what to make of an event. */
  expected: Expected = () => false;
  requests = 0;

  constructor(app: AppCredentials, tally: Tally) {
    this.#app = app;
    this.#tally = tally;
    this.#server = createServer((request, response) => {
      this.#read(request).then(
        () => response.end(),
        (error: unknown) => {
          this.#tally.fail(error instanceof Error ? error : new Error(String(error)));
          response.writeHead(400).end();
        },
      );
    });
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #read(request: IncomingMessage): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const signature = request.headers['x-pusher-signature'];
    if (signature !== undefined && signature !== this.#sign(body))
      throw new Error('a webhook was signed wrongly');
    this.requests += 1;
    const { events } = JSON.parse(body.toString()) as { readonly events: readonly WebhookEvent[] };
    for (const event of events) if (this.expected(event)) this.#tally.arrived();
  }

  #sign(body: Buffer): string {
    return createHmac('sha256', this.#app.secret).update(body).digest('hex');
  }
}

/** Each of these channels once. */
export function eachChannelOnce(name: string, channels: readonly string[]): Expected {
  const missing = new Set(channels);
  const known = new Set(channels);
  return (event) => {
    if (event.name !== name || !known.has(event.channel)) return false;
    if (!missing.delete(event.channel)) throw new Error(`${name} came twice for ${event.channel}`);
    return true;
  };
}

/** Client events with a numbered payload: on each channel 0, 1, 2, … */
export function numberedClientEvents(): Expected {
  const next = new Map<string, number>();
  return ({ name, channel, data = '' }) => {
    if (name !== 'client_event') return false;
    const at = data.indexOf(MARK) + MARK.length + STREAM_DIGITS;
    const sequence = Number(data.slice(at, at + SEQUENCE_DIGITS));
    const due = next.get(channel) ?? 0;
    if (sequence !== due) throw new Error(`webhook of ${channel}: event ${sequence} came, ${due} was due`);
    next.set(channel, due + 1);
    return true;
  };
}
