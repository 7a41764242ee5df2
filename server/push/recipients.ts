/** Who a job sends to, as they are now. */
import { createHash } from 'node:crypto';
import type { Audience } from './audience.ts';
import type { SendWork } from './jobs.ts';
import type { ProviderGroup } from './push-provider.ts';
import type { Recipient } from './verdicts.ts';

export interface Recipients {
  readonly present: readonly Recipient[];
  /** Devices that were removed since they were found. */
  readonly gone: readonly Recipient[];
}

export async function recipientsOf(
  appId: string,
  work: SendWork,
  audience: Audience | undefined,
): Promise<Recipients> {
  switch (work.kind) {
    case 'devices':
      return devicesOf(appId, work.ids, audience);
    case 'tokens':
      return { present: work.tokens.map(ofToken), gone: [] };
    case 'group':
      return { present: [ofGroup(work.group)], gone: [] };
  }
}

async function devicesOf(
  appId: string,
  ids: readonly string[],
  audience: Audience | undefined,
): Promise<Recipients> {
  const found = (await audience?.byIds(appId, ids)) ?? [];
  const present = found.map(
    ({ id, token, user, platform, door }): Recipient => ({
      key: id,
      item: id,
      token,
      user,
      platform,
      registered: true,
      ofBeams: door === 'beams',
    }),
  );
  if (present.length === ids.length) return { present, gone: [] };
  const known = new Set(found.map(({ id }) => id));
  const gone = ids.filter((id) => !known.has(id)).map((id) => ({ ...NOBODY, key: id, item: id }));
  return { present, gone };
}

const NOBODY: Omit<Recipient, 'key' | 'item'> = {
  token: '',
  user: undefined,
  platform: '',
  registered: false,
  ofBeams: false,
};

/** Tokens are long, and nobody's business in a list of outcomes. */
function ofToken(token: string): Recipient {
  const hash = createHash('sha256').update(token).digest('hex');
  return { ...NOBODY, key: `token:${hash}`, item: token, token };
}

function ofGroup(group: ProviderGroup): Recipient {
  const name = 'topic' in group ? group.topic : group.condition;
  return { ...NOBODY, key: `group:${name}`, item: name };
}
