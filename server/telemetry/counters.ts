/** Webhooks of one app. */
export interface WebhookCounts {
  /** Events delivered, once for each endpoint. */
  sent: number;
  /** Requests that didn't get a 2xx. */
  failedAttempts: number;
  /** Events given up. */
  deadLetters: number;
}

/** What a node counts as it works: plain numbers, so that counting costs one addition. Read at each scrape. */
export class Counters {
  connectionsOpened = 0;
  /** Handshakes refused, by close code. */
  readonly refusals = new Map<number, number>();
  /** Connections closed by either side, by close code. */
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

  readonly webhooks = new Map<string, WebhookCounts>();

  webhooksOf(appId: string): WebhookCounts {
    let counts = this.webhooks.get(appId);
    if (counts === undefined) {
      counts = { sent: 0, failedAttempts: 0, deadLetters: 0 };
      this.webhooks.set(appId, counts);
    }
    return counts;
  }

  /** Adds one to a count kept by code or status. */
  static count(counts: Map<number, number>, code: number): void {
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
}
