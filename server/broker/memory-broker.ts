/** The broker of a node that is alone: a call. See the port. */
import type { Broker, BrokerReceiver, Publication } from './broker.ts';

export class MemoryBroker implements Broker {
  #receiver: BrokerReceiver | undefined;

  start(receiver: BrokerReceiver): void {
    this.#receiver = receiver;
  }

  publish(publication: Publication): void {
    this.#receiver?.deliver(publication);
  }

  publishLocally(publication: Publication): void {
    this.publish(publication);
  }

  follow(): void {
    // Every publication passes here anyway.
  }

  unfollow(): void {
    // As for follow.
  }

  caughtUp(): void {
    // Nothing is ever on its way.
  }

  terminate(appId: string, userId: string): void {
    this.#receiver?.terminate(appId, userId);
  }
}
