/**
 * Webhook events between the moment they happen and the moment a receiver has taken them.
 *
 * An event goes to every endpoint of its app that accepts it. Each endpoint has its own queue, in lanes: a channel's
 * events of one endpoint all go by one lane, in the order they were added, so that one request after the other per
 * lane keeps their order. No endpoint waits for another.
 *
 * Events that end a stay (`channel_vacated`, `member_removed`) are held back for a grace. If the same channel is
 * occupied or the same member added again meanwhile, neither of the two is queued.
 */
import type { WebhookEvent, WebhookKind } from '../../protocol/index.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { QueuedEvent } from './queued-event.ts';
import type { Lane, WebhookEndpoint } from './webhook-endpoint.ts';

/** What reports events. A store that decides transitions elsewhere appends them there, in the same step, instead. */
export interface WebhookSink {
  /** Whether anybody wants events of this kind: asked first, so that what nobody wants costs nothing. At once. */
  wants(appId: string, kind: WebhookKind): boolean;

  /**
   * Takes an event in, after every event of its channel that was added before, and gives it its id. Never waits for a
   * receiver, and never fails for one. Done when the event can no longer be lost by a crash the implementation
   * survives; a rejection means it may not have been taken.
   */
  add(appId: string, event: WebhookEvent): Eventual<void>;
}

export interface WebhookQueue extends WebhookSink {
  /** Whether what is queued outlives this node, and others deliver it. */
  readonly outlivesNode: boolean;

  /**
   * Says who delivers; called once, before anything is added.
   * @param wake called with each lane when it gets its first event: from then on it is to be taken from, for good. Lanes
   *   that nobody has used need nobody who waits at them.
   */
  start(wake: (lane: Lane) => void): void;

  /**
   * The next events of a lane, oldest first: as many as one request may carry. Waits for the first, then until the
   * request is full or its first event has waited its time. An empty list once the queue is closing, or the endpoint
   * has ended, and the lane is empty.
   *
   * The events stay in the queue until `ack`: taken again before that, by the same taker or by another after it died,
   * they are the same ones, less those that are another node's by now. One taker at a time.
   */
  take(lane: Lane): Promise<readonly QueuedEvent[]>;

  /**
   * Whether what `take` returned may still be delivered from here: asked before each request, at once. If not, some of
   * it is or will be another node's, and the taker takes again.
   */
  holds(events: readonly QueuedEvent[]): boolean;

  /** What `take` returned is dealt with: delivered, or a dead letter. Safe to repeat. */
  ack(lane: Lane): Eventual<void>;

  /**
   * Splits off the channels of what `take` returned, so that they hold up nobody else: each gets a lane of its own, with
   * its share of what was taken, to be taken from there again, and with all that comes later on the channel. Such a lane
   * never waits for more, and ends with an empty `take`: from then on the channel is back in the lane it came from.
   */
  split(lane: Lane): Eventual<readonly Lane[]>;

  /** Puts dead letters' events back, behind what is queued; they have the whole time for retries again. */
  replay(endpoint: WebhookEndpoint, events: readonly QueuedEvent[]): Eventual<void>;

  /**
   * Nothing more comes for an endpoint that was removed: what is queued is handed out at once, to become dead letters,
   * and then its lanes end. An endpoint of the same name that comes later is another one.
   */
  end(endpoint: WebhookEndpoint): Eventual<void>;

  /**
   * Nothing more is added: requests are no longer kept waiting to be filled. Graces end now, unless the queue outlives
   * the node; then it takes on nothing new, and leaves to others what they can take.
   */
  close(): Eventual<void>;

  /** Nothing more is taken either: gives up what is left, so that others needn't wait for it. */
  release(): Eventual<void>;

  /** Events of an endpoint not dealt with yet, those under way included. At once, as this node knows it. */
  queued(endpoint: WebhookEndpoint): number;
}
