/** Recipients sorted by the message they get. */
import type { ProviderName } from './device.ts';
import type { PushProvider } from './push-provider.ts';
import type { Rendered, Rendering } from './rendering.ts';
import type { Recipient } from './verdicts.ts';

/** Who gets the same message. */
export interface Batch {
  readonly rendered: Rendered;
  readonly recipients: readonly Recipient[];
}

/** Recipients of a publish whose texts go as they are. */
export function batchesOf(
  rendering: Rendering,
  provider: PushProvider,
  name: ProviderName,
  recipients: readonly Recipient[],
): Batch[] {
  const batches = new Map<Rendered, Recipient[]>();
  for (const recipient of recipients) {
    const rendered = rendering.message(provider, name, recipient.ofBeams);
    const batch = batches.get(rendered) ?? [];
    batches.set(rendered, batch);
    batch.push(recipient);
  }
  return [...batches].map(([rendered, alike]) => ({ rendered, recipients: alike }));
}

/** Recipients who share the user whose values are put in. */
export interface UserGroup {
  readonly user: string | undefined;
  readonly ofBeams: boolean;
  readonly recipients: readonly Recipient[];
}

export function groupsByUser(recipients: readonly Recipient[]): UserGroup[] {
  const groups = new Map<string, UserGroup & { readonly recipients: Recipient[] }>();
  for (const recipient of recipients) {
    const { user, ofBeams } = recipient;
    const key = `${ofBeams} ${user ?? ''}`;
    const group = groups.get(key) ?? { user, ofBeams, recipients: [] };
    groups.set(key, group);
    group.recipients.push(recipient);
  }
  return [...groups.values()];
}
