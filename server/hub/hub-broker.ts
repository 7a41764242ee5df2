/**
 * The broker of a worker whose hub is its parent. It receives what its own clients follow, and nothing else. What it
 * publishes reaches its own sockets when it comes back, so that all workers see one order. See the port.
 */
import type { Broker, BrokerReceiver, Publication } from '../broker/broker.ts';
import { andThen, type Eventual } from '../lib/eventual.ts';
import type { MemberChange } from '../presence/member-publication.ts';
import type { HubLink } from './hub-link.ts';
import type { ParentService } from './hub-services.ts';
import { encodePublication } from './hub-wire.ts';

/** Takes a change of a roster, in the step in which sockets hear of it and before they do. */
export type RosterListener = (appId: string, channel: string, change: MemberChange) => void;

export class HubBroker implements Broker {
  readonly #link: HubLink<ParentService>;
  readonly #rosterListener: RosterListener;
  #receiver: BrokerReceiver | undefined;
  /** The hub's word that it has what was published in this turn of the loop. */
  #taken: Promise<void> | undefined;

  constructor(link: HubLink<ParentService>, rosterListener: RosterListener) {
    this.#link = link;
    this.#rosterListener = rosterListener;
  }

  start(receiver: BrokerReceiver): void {
    this.#receiver = receiver;
    this.#link.onPublication((publication) => {
      const { appId, topic, change } = publication;
      if (change !== undefined) this.#rosterListener(appId, topic, change);
      receiver.deliver(publication);
    });
    this.#link.serve({
      terminated: ({ appId, userId }: { appId: string; userId: string }) => receiver.terminate(appId, userId),
    });
  }

  publish(publication: Publication): Eventual<void> {
    return andThen(this.#link.publish(encodePublication(publication)), () => this.#confirmed());
  }

  publishLocally(publication: Publication): void {
    this.#receiver?.deliver(publication);
  }

  follow(appId: string, topic: string): Promise<void> {
    return this.#link.call('follow', { appId, topic });
  }

  unfollow(appId: string, topic: string): void {
    this.#link.note('unfollow', { appId, topic });
  }

  caughtUp(): void {
    // What the hub answered comes after what it passed on before.
  }

  terminate(appId: string, userId: string): Promise<void> {
    return this.#link.call('terminate', { appId, userId });
  }

  /** Done when the hub has passed it on: one question a turn, for all that was published in it. */
  #confirmed(): Promise<void> {
    this.#taken ??= new Promise((resolve, reject) => {
      this.#link.endTurnWith(() => {
        this.#taken = undefined;
        this.#link.insist('settled', undefined).then(resolve, reject);
      });
    });
    return this.#taken;
  }
}
