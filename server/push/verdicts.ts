/** What follows from providers' verdicts: outcomes, further tries, devices to be removed. Pure but for chance. */
import type { Chance } from '../lib/chance.ts';
import type { Clock } from '../lib/clock.ts';
import type { Platform, ProviderName } from './device.ts';
import type { Verdict } from './push-provider.ts';
import type { DeadToken, NewOutcome } from './push-queue.ts';

export interface Recipient {
  /** Under which its outcome is noted: see `NewOutcome`. */
  readonly key: string;
  /** What a further job names it by. */
  readonly item: string;
  /** '' for a group. */
  readonly token: string;
  readonly user: string | undefined;
  readonly platform: Platform | '';
  readonly registered: boolean;
  /** Registered through Beams. */
  readonly ofBeams: boolean;
}

export interface RetryRules {
  /** The longest pause before the second try; twice as long before each that follows. */
  readonly firstMs: number;
  readonly longestMs: number;
  /** Milliseconds in which a publish without an expiry is tried. */
  readonly giveUpMs: number;
  /** Tries that a provider with wrong credentials gets, which somebody may be mending. */
  readonly misconfiguredTries: number;
}

export interface Judgement {
  readonly provider: ProviderName;
  /** Tries before this one. */
  readonly tries: number;
  /** Milliseconds since the epoch: no try after it. */
  readonly lastAt: number;
  /** True: `lastAt` is what the sender asked for. */
  readonly expires: boolean;
  /** True: outcomes name the user, because the publish is to users. */
  readonly toUsers: boolean;
  /** Aborted: what was not begun is no try. */
  readonly signal: AbortSignal;
}

export interface Sorted {
  readonly outcomes: NewOutcome[];
  /** By the time of their next try. */
  readonly retries: Map<number, Retry>;
  readonly dead: DeadToken[];
}

export interface Retry {
  readonly items: string[];
  readonly tries: number;
}

export class Sorter {
  readonly sorted: Sorted = { outcomes: [], retries: new Map(), dead: [] };
  readonly #case: Judgement;
  readonly #rules: RetryRules;
  readonly #clock: Clock;
  /** One for all recipients, so that they stay one job. */
  readonly #pauseMs: number;

  constructor(judgement: Judgement, rules: RetryRules, clock: Clock, chance: Chance) {
    this.#case = judgement;
    this.#rules = rules;
    this.#clock = clock;
    const longest = Math.min(rules.longestMs, rules.firstMs * 2 ** Math.min(judgement.tries, 50));
    this.#pauseMs = Math.ceil(longest * chance());
  }

  add(recipient: Recipient, verdict: Verdict): void {
    switch (verdict.kind) {
      case 'sent':
        this.#end(recipient, 'sent', undefined, undefined, verdict.messageId);
        return;
      case 'dead':
        this.#end(recipient, 'dead', verdict.code, verdict.reason);
        this.#bury(recipient);
        return;
      case 'refused':
        this.#end(recipient, 'failed', verdict.code, verdict.reason);
        return;
      case 'retry':
        this.#again(recipient, verdict, verdict.afterMs);
        return;
      case 'misconfigured':
        if (this.#case.tries + 1 < this.#rules.misconfiguredTries) this.#again(recipient, verdict, undefined);
        else this.#end(recipient, 'failed', verdict.code, verdict.reason);
        return;
    }
  }

  /** Ends what need not be sent at all. */
  end(recipient: Recipient, status: NewOutcome['status'], code: string | undefined, reason: string): void {
    const { tries } = this.#case;
    this.sorted.outcomes.push({ ...this.#outcome(recipient, status, code, reason, undefined), tries });
  }

  #again(
    recipient: Recipient,
    { code, reason }: { readonly code: string; readonly reason: string },
    afterMs: number | undefined,
  ): void {
    const { lastAt, expires, tries, signal } = this.#case;
    const now = this.#clock.now();
    // Most likely not begun at all: others may do it, at once.
    if (signal.aborted && afterMs === undefined) {
      this.#queue(0, recipient, tries);
      return;
    }
    const pauseMs = afterMs === undefined ? this.#pauseMs : Math.max(this.#pauseMs, rounded(afterMs));
    const runAt = wholeSecond(now + pauseMs);
    if (runAt > lastAt) this.#end(recipient, expires ? 'expired' : 'failed', code, reason);
    else this.#queue(runAt, recipient, tries + 1);
  }

  #bury({ key, token, registered }: Recipient): void {
    if (registered) this.sorted.dead.push({ id: key, token });
    else if (token !== '') this.sorted.dead.push({ id: undefined, provider: this.#case.provider, token });
  }

  #queue(runAt: number, recipient: Recipient, tries: number): void {
    const { retries } = this.sorted;
    const retry = retries.get(runAt) ?? { items: [], tries };
    retries.set(runAt, retry);
    retry.items.push(recipient.item);
  }

  #end(
    recipient: Recipient,
    status: NewOutcome['status'],
    code: string | undefined,
    reason: string | undefined,
    messageId?: string | undefined,
  ): void {
    this.sorted.outcomes.push(this.#outcome(recipient, status, code, reason, messageId));
  }

  #outcome(
    { key, user }: Recipient,
    status: NewOutcome['status'],
    code: string | undefined,
    reason: string | undefined,
    messageId: string | undefined,
  ): NewOutcome {
    const { provider, tries, toUsers } = this.#case;
    const named = toUsers ? user : undefined;
    return { recipient: key, provider, user: named, status, tries: tries + 1, code, reason, messageId };
  }
}

/** Recipients whose turns come within a second stay one job. */
const wholeSecond = (at: number): number => Math.ceil(at / 1000) * 1000;

/** Whole seconds, then a quarter of a power of two: recipients told similar times stay few jobs. Never less. */
function rounded(afterMs: number): number {
  const seconds = Math.max(1, Math.ceil(afterMs / 1000));
  const step = Math.max(1, 2 ** (Math.floor(Math.log2(seconds)) - 2));
  return Math.ceil(seconds / step) * step * 1000;
}
