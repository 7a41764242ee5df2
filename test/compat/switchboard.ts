/** A relay whose destination can be changed. */
import { openRelay, type Relay } from '../support/relay.ts';
import type { Address } from './support.ts';

export interface Switchboard extends Relay {
  /** New connections go there. */
  route(to: Address): void;
}

export async function switchboard(first: Address): Promise<Switchboard> {
  let destination = first;
  const relay = await openRelay(() => destination);
  return {
    ...relay,
    route: (to) => {
      destination = to;
    },
  };
}
