/**
 * Passwords as they are kept: `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>`. Hashing is meant to be slow, so few run at a time,
 * beside the event loop, and only so many wait: logins must not starve everything else.
 */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** Some 50 ms and 32 MiB each. */
const COST = { log2N: 15, r: 8, p: 1 };
/** What a stored hash may ask of us. */
const MOST = { log2N: 17, r: 16, p: 4 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Of memory, beyond what the parameters account for. */
const SLACK_BYTES = 1_048_576;
const AT_A_TIME = 2;
const MOST_WAITING = 100;

/** So many are waiting that one more would wait for seconds. */
export class TooManyPasswords extends Error {}

export class PasswordHash {
  #running = 0;
  readonly #waiting: Array<() => void> = [];

  /** @throws TooManyPasswords, by rejecting */
  async of(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const hash = await this.#derive(password, salt, COST);
    const { log2N, r, p } = COST;
    return ['scrypt', log2N, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$');
  }

  /**
   * Whether it is the password of a hash. Takes as long where there is no hash.
   * @param stored undefined where nobody has the name
   * @throws TooManyPasswords, by rejecting
   */
  async fits(password: string, stored: string | undefined): Promise<boolean> {
    const known = stored === undefined ? undefined : parsed(stored);
    if (known === undefined) {
      await this.#derive(password, Buffer.alloc(SALT_BYTES), COST);
      return false;
    }
    return timingSafeEqual(await this.#derive(password, known.salt, known.cost), known.hash);
  }

  async #derive(password: string, salt: Buffer, { log2N, r, p }: typeof COST): Promise<Buffer> {
    const N = 2 ** log2N;
    const options = { N, r, p, maxmem: 128 * r * (N + p) + SLACK_BYTES };
    await this.#turn();
    try {
      return await derived(password, salt, options);
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    while (this.#running >= AT_A_TIME) {
      if (this.#waiting.length >= MOST_WAITING) throw new TooManyPasswords('too many passwords at a time');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running += 1;
  }
}

interface Known {
  readonly cost: typeof COST;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const FORM = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([\w-]+)\$([\w-]+)$/;

function parsed(stored: string): Known | undefined {
  const [, log2N = '', r = '', p = '', salt = '', hash = ''] = FORM.exec(stored) ?? [];
  const cost = { log2N: Number(log2N), r: Number(r), p: Number(p) };
  const bytes = Buffer.from(hash, 'base64url');
  const isBearable =
    cost.log2N >= 1 &&
    cost.log2N <= MOST.log2N &&
    cost.r >= 1 &&
    cost.r <= MOST.r &&
    cost.p >= 1 &&
    cost.p <= MOST.p;
  if (!isBearable || bytes.length !== HASH_BYTES) return undefined;
  return { cost, salt: Buffer.from(salt, 'base64url'), hash: bytes };
}

function derived(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
