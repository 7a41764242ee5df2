/** Dead letters that all nodes share, bounded in number and size; the oldest go first. See the port. */
import { createHash } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import type { RedisKeys } from '../redis/keys.ts';
import type { Script, ScriptArgument } from '../redis/scripts.ts';
import type {
  DeadLetter,
  DeadLetters,
  LetterPage,
  LetterQuery,
  LetterSelection,
  Undelivered,
} from './dead-letters.ts';
import { LETTER_SCRIPTS } from './letter-scripts.ts';
import type { WebhookRedis } from './webhook-redis.ts';

export interface RedisDeadLettersSettings {
  /** Letters of all apps together, in the cluster. */
  readonly deadLetterLimit: number;
  /** Bytes of them. */
  readonly deadLetterBytes: number;
}

export interface RedisDeadLettersPorts {
  readonly redis: WebhookRedis;
  readonly keys: RedisKeys;
  readonly clock: Clock;
  readonly log: OccasionalLog;
}

interface Numbered {
  readonly number: number;
  readonly letter: DeadLetter;
}

/** Where they are: all in one place, because the limits are for all, and their order too. */
const SHARD = 0;
/** Letters read or taken in one step. */
const PAGE = 100;

export class RedisDeadLetters implements DeadLetters {
  readonly #settings: RedisDeadLettersSettings;
  readonly #ports: RedisDeadLettersPorts;
  readonly #keys: readonly string[];

  constructor(settings: RedisDeadLettersSettings, ports: RedisDeadLettersPorts) {
    this.#settings = settings;
    this.#ports = ports;
    const kinds = ['letters', 'letter-order', 'letters-taken', 'letter-sums'];
    this.#keys = kinds.map((kind) => ports.keys.ofShard(SHARD, kind));
  }

  /** An event given up twice for an endpoint, as a takeover may bring about, is one letter. */
  add(undelivered: readonly Undelivered[]): Promise<void> {
    const failedAt = this.#ports.clock.now();
    return this.restore(undelivered.map((one) => ({ ...one, id: letterId(one), failedAt })));
  }

  async restore(letters: readonly DeadLetter[]): Promise<void> {
    const { deadLetterLimit, deadLetterBytes } = this.#settings;
    for (const some of pages(letters)) {
      const args = some.flatMap((letter) => [letter.id, JSON.stringify(letter)]);
      const lost = (await this.#run(LETTER_SCRIPTS.put, [
        deadLetterLimit,
        deadLetterBytes,
        ...args,
      ])) as string[];
      for (const json of lost) this.#reportLost(JSON.parse(json) as DeadLetter);
    }
  }

  async list({ appId, endpoint, limit, cursor }: LetterQuery): Promise<LetterPage> {
    const letters: DeadLetter[] = [];
    let last = Number(cursor) || 0;
    for await (const { number, letter } of this.#after(last)) {
      if (!matches(letter, appId, endpoint)) continue;
      if (letters.length === limit) return { letters, cursor: String(last) };
      letters.push(letter);
      last = number;
    }
    return { letters, cursor: undefined };
  }

  async take(selection: LetterSelection): Promise<readonly DeadLetter[]> {
    if ('ids' in selection) return this.#takeAll([...new Set(selection.ids)]);
    const ids: string[] = [];
    for await (const { letter } of this.#after(0)) {
      if (matches(letter, selection.appId, selection.endpoint)) ids.push(letter.id);
    }
    return this.#takeAll(ids);
  }

  async forget(letters: readonly DeadLetter[]): Promise<void> {
    for (const some of pages(letters)) {
      await this.#run(
        LETTER_SCRIPTS.forget,
        some.map(({ id }) => id),
      );
    }
  }

  async #takeAll(ids: readonly string[]): Promise<DeadLetter[]> {
    const taken: Numbered[] = [];
    for (const some of pages(ids)) taken.push(...parse(await this.#run(LETTER_SCRIPTS.take, some)));
    return taken.sort((a, b) => a.number - b.number).map(({ letter }) => letter);
  }

  async *#after(number: number): AsyncIterable<Numbered> {
    for (let last = number; ; ) {
      const page = parse(await this.#run(LETTER_SCRIPTS.list, [last, PAGE]));
      yield* page;
      if (page.length < PAGE) return;
      last = page.at(-1)?.number ?? last;
    }
  }

  #run(script: Script, args: readonly ScriptArgument[]): Promise<unknown> {
    return this.#ports.redis.run(script, this.#keys, args);
  }

  #reportLost({ appId, endpoint, event }: DeadLetter): void {
    const fields = { appId, endpoint, eventId: event.id };
    this.#ports.log.warn(`${appId} ${endpoint}`, fields, 'dead letter lost');
  }
}

function letterId({ appId, endpoint, event }: Undelivered): string {
  return createHash('sha256').update(`${appId}\n${endpoint}\n${event.id}`).digest('hex').slice(0, 32);
}

/** Numbers and letters in turn. */
function parse(reply: unknown): Numbered[] {
  const items = reply as readonly string[];
  return Array.from({ length: items.length / 2 }, (_, at) => ({
    number: Number(items[2 * at]),
    letter: JSON.parse(items[2 * at + 1] ?? '') as DeadLetter,
  }));
}

function* pages<T>(items: readonly T[]): Iterable<readonly T[]> {
  for (let at = 0; at < items.length; at += PAGE) yield items.slice(at, at + PAGE);
}

function matches(letter: DeadLetter, appId: string | undefined, endpoint: string | undefined): boolean {
  return (
    (appId === undefined || letter.appId === appId) &&
    (endpoint === undefined || letter.endpoint === endpoint)
  );
}
