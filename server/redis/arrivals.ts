/**
 * Publications whose commands are not answered yet, on pub/sub channels that this node receives: one that has come back
 * was taken by Redis, whatever becomes of the answer. What one connection publishes comes back in that order.
 */

export interface UnderWay {
  readonly message: string | Buffer;
  hasCome: boolean;
}

export class Arrivals {
  readonly #expected = new Map<string, Set<UnderWay>>();

  /** To be ended with `end`. */
  begin(channel: string, message: string | Buffer): UnderWay {
    const one = { message, hasCome: false };
    const others = this.#expected.get(channel);
    if (others === undefined) this.#expected.set(channel, new Set([one]));
    else others.add(one);
    return one;
  }

  end(channel: string, one: UnderWay): void {
    const expected = this.#expected.get(channel);
    if (expected?.delete(one) && expected.size === 0) this.#expected.delete(channel);
  }

  /** A message came on the channel, from this node or another. */
  came(channel: string, message: Buffer): void {
    const expected = this.#expected.get(channel);
    if (expected === undefined) return;
    const [first] = expected;
    if (first === undefined || !isSame(first.message, message)) return;
    first.hasCome = true;
    this.end(channel, first);
  }
}

function isSame(sent: string | Buffer, received: Buffer): boolean {
  if (typeof sent !== 'string') return received.equals(sent);
  return Buffer.byteLength(sent) === received.length && received.toString('utf8') === sent;
}
