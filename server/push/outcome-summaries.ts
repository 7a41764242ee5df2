/** How a publish came out, from its outcomes. Pure. */
import type { ProviderName } from './device.ts';
import type { Outcome } from './publish.ts';
import type { FinishedPublish } from './push-queue.ts';

/** What became of one device of a user, or of several in the same way. */
export interface UserOutcome {
  readonly user: string;
  readonly status: Outcome['status'];
}

/**
 * One device that was reached is enough; a user whose devices were all dead had none. Users are in the order given.
 */
export function classifyUsers(
  users: readonly string[],
  outcomes: Iterable<UserOutcome>,
): NonNullable<FinishedPublish['users']> {
  const statuses = new Map<string, Set<Outcome['status']>>();
  for (const { user, status } of outcomes) {
    const known = statuses.get(user) ?? new Set();
    statuses.set(user, known);
    known.add(status);
  }
  const delivered: string[] = [];
  const noDevices: string[] = [];
  const failed: string[] = [];
  for (const user of new Set(users)) {
    const known = [...(statuses.get(user) ?? [])];
    if (known.includes('sent')) delivered.push(user);
    else if (known.every((status) => status === 'dead')) noDevices.push(user);
    else failed.push(user);
  }
  return { delivered, noDevices, failed };
}

/** Outcomes of one provider and status. */
export interface CountedOutcomes {
  readonly provider: ProviderName;
  readonly status: Outcome['status'];
  readonly count: number;
}

/** What providers took and what they, or the time, did not. Who was skipped or cancelled is in neither. */
export function countByProvider(counted: Iterable<CountedOutcomes>): FinishedPublish['byProvider'] {
  const sums = new Map<ProviderName, { provider: ProviderName; sent: number; failed: number }>();
  for (const { provider, status, count } of counted) {
    if (status === 'skipped' || status === 'cancelled') continue;
    const sum = sums.get(provider) ?? { provider, sent: 0, failed: 0 };
    sums.set(provider, sum);
    if (status === 'sent') sum.sent += count;
    else sum.failed += count;
  }
  return [...sums.values()].sort((a, b) => (a.provider < b.provider ? -1 : 1));
}

/** Keys of recipients that are no devices have a colon, which no id of a device has. */
export function deviceIdOf(recipient: string): string | undefined {
  return recipient.includes(':') ? undefined : recipient;
}
