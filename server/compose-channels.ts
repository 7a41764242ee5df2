/** What happens on channels, put together: commands, sessions, and who may subscribe. Part of the composition root. */
import type { AppRegistry } from './apps/app-registry.ts';
import { SubscriptionGrants } from './auth/subscription-grants.ts';
import { CacheMisses } from './channels/cache-misses.ts';
import type { Subscription } from './channels/channel.ts';
import { ClientEventCommand } from './channels/client-event.ts';
import { Publisher } from './channels/event-publisher.ts';
import type { Hub } from './channels/hub.ts';
import { SignInCommand } from './channels/signin.ts';
import { SubscribeCommand } from './channels/subscribe.ts';
import { UnsubscribeCommand } from './channels/unsubscribe.ts';
import type { SharedParts } from './compose-parts.ts';
import type { Config } from './config/config.ts';
import type { Clock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import type { OccasionalLog } from './lib/occasional-log.ts';
import { AuthorizationDeadlines } from './socket/authorization-deadlines.ts';
import { Sessions } from './socket/session.ts';
import type { Counters } from './telemetry/counters.ts';

export interface ChannelsSurroundings {
  readonly config: Pick<Config, 'limits' | 'redis'>;
  readonly registry: AppRegistry;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: OccasionalLog;
  readonly logger: Logger;
}

/** `ports` are what commands and endpoints share. */
export type ChannelsSide = Awaited<ReturnType<typeof composeChannels>>;

export async function composeChannels(
  shared: SharedParts,
  { config, registry, hub, clock, counters, log, logger }: ChannelsSurroundings,
) {
  const { broker, cache, ids, presence, departures, webhooks, grantRelay, grantStore } = shared;
  const deadlines = new AuthorizationDeadlines(clock);
  const grants = new SubscriptionGrants(
    { broker, presence, hub, relay: grantRelay, clock, logger },
    grantStore,
  );
  await grantRelay.start(grants.recordHere.bind(grants));
  const ports = {
    broker,
    presence,
    departures,
    registry,
    cache,
    misses: new CacheMisses(cache, webhooks, logger),
    webhooks,
    clock,
    counters,
    logger,
    log,
    authorized: deadlines.authorized.bind(deadlines),
    grants,
    grantProblem: grants.problem.bind(grants),
    signInProblem: grants.signInProblem.bind(grants),
    withdrawn: new WeakSet<Subscription>(),
  };
  const sessions = new Sessions(
    {
      ...ports,
      hub,
      ids,
      deadlines,
      subscribe: new SubscribeCommand(ports),
      unsubscribe: new UnsubscribeCommand(ports),
      clientEvent: new ClientEventCommand(ports),
      signIn: new SignInCommand(ports),
      gone: grants.forget.bind(grants),
    },
    config.limits,
  );
  return {
    ports,
    sessions,
    publisher: new Publisher(ports, config.redis?.whenAway ?? 'refuse'),
    /** No connection is ended any more for what it did not do in time, or may no longer do. */
    stop(): void {
      deadlines.stop();
      grants.stop();
    },
  };
}
