/**
 * Addresses of host names, asked from the system and kept for a while. The system answers few questions at a time, so
 * names that take long to resolve must not be asked twice at once, and must not keep others from addresses that were
 * good a moment ago.
 */
import type { LookupAddress } from 'node:dns';
import type { Clock } from '../lib/clock.ts';

/** Asks the system: hosts file, search domains and all. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

const FRESH_MS = 10_000;
/** While the system is asked anew, addresses of this age still serve. */
const USABLE_MS = 300_000;
const MAX_NAMES = 10_000;

interface Known {
  readonly addresses: readonly LookupAddress[];
  readonly at: number;
}

export class NameLookup {
  readonly #resolve: Resolve;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<readonly LookupAddress[]>>();

  constructor(resolve: Resolve, clock: Clock) {
    this.#resolve = resolve;
    this.#clock = clock;
  }

  /** All addresses of a name, none of them checked. Rejects when it has none, or nobody can tell. */
  addresses(host: string): Promise<readonly LookupAddress[]> {
    const known = this.#known.get(host);
    const age = known === undefined ? Number.POSITIVE_INFINITY : this.#clock.now() - known.at;
    if (known !== undefined && age < FRESH_MS) return Promise.resolve(known.addresses);
    const asked = this.#ask(host);
    if (known === undefined || age >= USABLE_MS) return asked;
    // A failure leaves the known addresses as they are; once they are too old, whoever asks hears of it.
    asked.catch(() => undefined);
    return Promise.resolve(known.addresses);
  }

  #ask(host: string): Promise<readonly LookupAddress[]> {
    const under = this.#asking.get(host);
    if (under !== undefined) return under;
    const asking = this.#resolve(host)
      .then((addresses) => {
        this.#keep(host, addresses);
        return addresses;
      })
      .finally(() => this.#asking.delete(host));
    this.#asking.set(host, asking);
    return asking;
  }

  #keep(host: string, addresses: readonly LookupAddress[]): void {
    this.#known.delete(host);
    this.#known.set(host, { addresses, at: this.#clock.now() });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_NAMES && oldest !== undefined) this.#known.delete(oldest);
  }
}
