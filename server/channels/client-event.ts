/** `client-…`: an event from one subscriber to the others. PROTOCOL.md, "Client events". */
import { type ClientEvent, Codes, exceedsBytes } from '../../protocol/index.ts';
import type { Broker } from '../broker/broker.ts';
import { EventData, EventPublication } from '../broker/publications.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { RateWindow } from '../lib/rate-window.ts';
import { Unavailable } from '../lib/unavailable.ts';
import type { Counters } from '../telemetry/counters.ts';
import type { WebhookSink } from '../webhooks/webhook-queue.ts';
import type { Subscription } from './channel.ts';
import type { Connection } from './connection.ts';

export interface ClientEventPorts {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
  readonly webhooks: WebhookSink;
}

export class ClientEventCommand {
  readonly #ports: ClientEventPorts;

  constructor(ports: ClientEventPorts) {
    this.#ports = ports;
  }

  run(connection: Connection, message: ClientEvent): void {
    const { broker, counters, logger } = this.#ports;
    const { app } = connection.hub;
    const subscription = connection.subscription(message.channel);
    const problem = eventProblem(connection, subscription, message);
    if (problem !== undefined) {
      counters.clientEventsRefused += 1;
      connection.sendError(problem);
      return;
    }
    if (!this.#withinRate(connection)) {
      counters.clientEventsRefused += 1;
      connection.sendError(
        `${Codes.clientEventRate.text}: at most ${app.limits.clientEventsPerSecond} events a second`,
        Codes.clientEventRate.code,
      );
      return;
    }
    counters.clientEvents += 1;
    const publication = new EventPublication(
      app.id,
      message.channel,
      message.event,
      new EventData(message.data),
      connection.id,
      subscription?.userId,
    );
    // Before anybody can hear of it: what they, or this client, do next is reported after it.
    this.#tellBackend(connection, message, subscription?.userId);
    const published = broker.publish(publication);
    if (!(published instanceof Promise)) return;
    published.catch((error: unknown) => {
      // Clients of one node go on talking while the cluster can't be reached.
      if (error instanceof Unavailable) broker.publishLocally(publication);
      else {
        logger.warn({ err: error, channel: message.channel }, 'client event lost');
        connection.sendError('Client event could not be delivered, please try again');
      }
    });
  }

  #tellBackend(
    connection: Connection,
    { channel, event, data }: ClientEvent,
    userId: string | undefined,
  ): void {
    const { webhooks, logger } = this.#ports;
    const { app } = connection.hub;
    if (!webhooks.wants(app.id, 'client_event')) return;
    const added = webhooks.add(app.id, {
      name: 'client_event',
      channel,
      event,
      data,
      socketId: connection.id,
      userId,
    });
    if (added instanceof Promise) {
      added.catch((error) => logger.error({ err: error, channel }, 'client event not queued for webhooks'));
    }
  }

  #withinRate(connection: Connection): boolean {
    const limit = connection.hub.app.limits.clientEventsPerSecond;
    if (limit === 0) return true;
    connection.clientEvents ??= new RateWindow();
    return connection.clientEvents.take(this.#ports.clock.now(), limit);
  }
}

/** Why a client event is refused, checked in the protocol's order; undefined if it may pass. */
function eventProblem(
  connection: Connection,
  subscription: Subscription | undefined,
  { event, channel, data }: ClientEvent,
): string | undefined {
  const { features, limits } = connection.hub.app;
  if (!features.clientEvents) return 'The app does not have client messaging enabled.';
  if (event.length > limits.eventNameLength) {
    return `The event name is not valid: it exceeds the allowed maximum (${limits.eventNameLength} characters)`;
  }
  if (subscription?.active !== true) {
    return `Cannot broadcast client event (connection not subscribed to channel ${channel})`;
  }
  switch (subscription.channel.type.kind) {
    case 'private':
    case 'presence':
      break;
    case 'encrypted':
      return 'Client events are not supported on encrypted channels';
    default:
      return 'Client events are only supported on private and presence channels';
  }
  if (exceedsBytes(data, limits.eventDataBytes)) {
    return `The data content of this event exceeds the allowed maximum (${limits.eventDataBytes} bytes)`;
  }
  return undefined;
}
