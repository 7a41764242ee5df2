/** What a node counts as it works: plain numbers, so that counting costs one addition. Read at each scrape. */
import { Codes } from '../../protocol/index.ts';

/** RFC 6455's own codes, 0 for a close without one, and those of the catalogue. */
const KNOWN_CLOSES: ReadonlySet<number> = new Set([
  ...[0, 1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011],
  ...Object.values(Codes).map(({ code }) => code),
]);

/** The label of all other close codes. */
export const OTHER_CLOSE = -1;

/** Webhooks of one app. */
export interface WebhookCounts {
  /** Events delivered, once for each endpoint. */
  sent: number;
  /** Requests that didn't get a 2xx. */
  failedAttempts: number;
  /** Events given up. */
  deadLetters: number;
}

export class Counters {
  connectionsOpened = 0;
  /** Handshakes refused, by close code. */
  readonly refusals = new Map<number, number>();
  /** Connections closed by either side, by close code; see `closed`. */
  readonly closes = new Map<number, number>();
  framesReceived = 0;
  bytesReceived = 0;
  /** Frames handed to subscribers by publications: one per recipient. */
  deliveries = 0;
  /** Application events accepted from the HTTP API, one per channel. */
  eventsPublished = 0;
  clientEvents = 0;
  clientEventsRefused = 0;
  slowReaders = 0;
  /** Answers of the HTTP API, by status. */
  readonly answers = new Map<number, number>();

  /** Shards whose webhooks this node delivers after another let them lapse: it died, or was cut off. */
  webhookShardsTakenOver = 0;

  readonly webhooks = new Map<string, WebhookCounts>();

  webhooksOf(appId: string): WebhookCounts {
    let counts = this.webhooks.get(appId);
    if (counts === undefined) {
      counts = { sent: 0, failedAttempts: 0, deadLetters: 0 };
      this.webhooks.set(appId, counts);
    }
    return counts;
  }

  /** A connection is over. Codes that only a client would make up count as one, or it could mint metrics at will. */
  closed(code: number): void {
    Counters.count(this.closes, KNOWN_CLOSES.has(code) ? code : OTHER_CLOSE);
  }

  /** Adds one to a count kept by code or status. */
  static count(counts: Map<number, number>, code: number): void {
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
}
