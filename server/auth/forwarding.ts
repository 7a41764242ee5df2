/** Callers known by the application's backend: it gets their credentials and answers with claims. docs/auth.md. */
import { createHash } from 'node:crypto';
import { parseObject } from '../../protocol/index.ts';
import type { ForwardSettings } from '../apps/auth-settings.ts';
import type { Clock } from '../lib/clock.ts';
import type { BackendClient, BackendReply } from './backend-client.ts';
import { failureText } from './fetch-backend-client.ts';
import type { Asked, Identifier, Identity } from './identity.ts';

/** What a session lives in, and what frameworks ask for beside it. */
const FORWARDED = [
  'authorization',
  'x-csrf-token',
  'x-xsrf-token',
  'x-requested-with',
  'user-agent',
  'origin',
  'referer',
];
/** Fields that concern us alone. */
const OURS: ReadonlySet<string> = new Set(['callback', 'app_key']);

/** Answers kept; the oldest go first. */
const MAX_ANSWERS = 10_000;
/** Questions at once: a backend that hangs must not pile them up here. */
const MAX_UNDERWAY = 256;

interface Answer {
  readonly identity: Promise<Identity>;
  /** Until when it is used again; undefined while it is still awaited. */
  until: number | undefined;
}

export class Forwarding implements Identifier {
  readonly #settings: ForwardSettings;
  readonly #client: BackendClient;
  readonly #clock: Clock;
  readonly #answers = new Map<string, Answer>();
  #underway = 0;

  constructor(settings: ForwardSettings, client: BackendClient, clock: Clock) {
    this.#settings = settings;
    this.#client = client;
    this.#clock = clock;
  }

  identify(asked: Asked): Promise<Identity> {
    const headers = forwardedHeaders(asked);
    if (this.#settings.cacheSeconds === 0) return this.#ask(asked, headers);
    const key = cacheKey(asked, headers);
    const known = this.#answers.get(key);
    if (known !== undefined && (known.until === undefined || known.until > this.#clock.now()))
      return known.identity;
    this.#answers.delete(key);
    const answer: Answer = { identity: this.#ask(asked, headers), until: undefined };
    this.#answers.set(key, answer);
    if (this.#answers.size > MAX_ANSWERS) this.#forgetOldest();
    void answer.identity.then((identity) => {
      if ('unavailable' in identity) this.#forget(key, answer);
      else answer.until = this.#clock.now() + this.#settings.cacheSeconds * 1000;
    });
    return answer.identity;
  }

  /** Never rejects: whatever goes wrong on the way means that nobody can tell. */
  async #ask(asked: Asked, headers: Record<string, string>): Promise<Identity> {
    if (this.#underway >= MAX_UNDERWAY)
      return { unavailable: 'too many questions to the backend are under way' };
    this.#underway += 1;
    const askedAt = this.#clock.now();
    try {
      const reply = await this.#client.send({
        method: 'POST',
        url: this.#settings.url,
        headers: {
          ...headers,
          accept: 'application/json',
          'content-type': 'application/x-www-form-urlencoded',
          'x-forwarded-for': asked.address,
        },
        body: new URLSearchParams(forwardedFields(asked)).toString(),
        timeoutMs: this.#settings.timeoutMs,
      });
      return readReply(reply, askedAt);
    } catch (error) {
      return { unavailable: `the backend gave no answer: ${failureText(error)}` };
    } finally {
      this.#underway -= 1;
    }
  }

  #forget(key: string, answer: Answer): void {
    if (this.#answers.get(key) === answer) this.#answers.delete(key);
  }

  #forgetOldest(): void {
    for (const key of this.#answers.keys()) {
      this.#answers.delete(key);
      return;
    }
  }
}

/** Who it is by the backend's answer, which may be as old as the question. */
function readReply({ status, body }: BackendReply, askedAt: number): Identity {
  if (status === 401 || status === 403) return { denied: `the backend answered ${status}` };
  if (status !== 200)
    return { unavailable: `the backend answered ${status}; expected 200 with claims, or 403` };
  const claims = parseObject(body);
  if (claims === undefined)
    return { unavailable: 'the backend answered 200, but not with a JSON object of claims' };
  const { exp } = claims;
  return { claims, issuedAt: askedAt, expiresAt: typeof exp === 'number' ? exp * 1000 : undefined };
}

function forwardedFields(asked: Asked): [string, string][] {
  return [...asked.fields].filter(([name]) => !OURS.has(name));
}

function forwardedHeaders(asked: Asked): Record<string, string> {
  const names = asked.cookies ? [...FORWARDED, 'cookie'] : FORWARDED;
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = asked.headers.get(name);
      return value === undefined ? [] : [[name, bytesOf(value)]];
    }),
  );
}

/** fetch takes a character for each byte, and refuses others: this way the backend gets the bytes the browser sent. */
const bytesOf = (value: string): string => Buffer.from(value, 'utf8').toString('latin1');

/** Everything the backend sees but the connection; hashed, so that credentials don't lie about in memory. */
function cacheKey(asked: Asked, headers: Record<string, string>): string {
  const fields = forwardedFields(asked).filter(([name]) => name !== 'socket_id');
  return createHash('sha256')
    .update(JSON.stringify([asked.kind, asked.address, fields, headers]))
    .digest('base64');
}
