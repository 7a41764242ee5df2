/** What is checked of a publish before it is queued, and the jobs it begins with. */
import { isRegistryTarget } from './expand-job.ts';
import { JOB_SIZE, type NewJob, piecesOf, type Work } from './jobs.ts';
import type { ProvidersOf } from './pipeline.ts';
import type { Accepted, NewPublish } from './publish.ts';
import { isPayloadProblem } from './push-provider.ts';
import type { QueuedPublish } from './push-queue.ts';
import { isMissing, Rendering } from './rendering.ts';

export interface Beginning {
  readonly jobs: readonly NewJob[];
  /** Recipients known so far. */
  readonly targeted: number;
}

/** Why a publish can't be accepted; undefined if it can. `publish` as it would be queued. */
export function objectionTo(
  publish: QueuedPublish,
  providersOf: ProvidersOf,
  instanceId: string | undefined,
): Exclude<Accepted, { readonly kind: 'accepted' }> | undefined {
  const { target, payloads } = publish;
  const providers = providersOf(publish.appId);
  if (!isRegistryTarget(target)) {
    const provider = providers.get(target.provider);
    if (provider === undefined) return { kind: 'no provider', provider: target.provider };
    if (payloads[target.provider] === undefined) {
      return { kind: 'invalid', reason: `the publish has nothing for ${target.provider}` };
    }
    if (target.kind === 'tokens' && target.tokens.length === 0) {
      return { kind: 'invalid', reason: 'the publish names no tokens' };
    }
    if (target.kind !== 'tokens' && provider.sendToGroup === undefined) {
      return { kind: 'invalid', reason: `${target.provider} has no topics or conditions` };
    }
  }
  const rendering = new Rendering(publish, instanceId);
  // How long a text with placeholders gets is known when its values are put in.
  if (rendering.personal) return undefined;
  for (const [name, provider] of providers) {
    if (!isRegistryTarget(target) && target.provider !== name) continue;
    const rendered = rendering.message(provider, name, false);
    if (!isMissing(rendered) && isPayloadProblem(rendered))
      return { kind: 'invalid', reason: rendered.problem };
  }
  return undefined;
}

/** @param now milliseconds since the epoch */
export function beginningOf({ target, sendAt, offlineOnly }: NewPublish, now: number): Beginning {
  const runAt = Math.max(now, sendAt ?? 0) + (offlineOnly?.withinMs ?? 0);
  const jobs = firstWork(target).map((work) => ({ work, runAt, tries: 0 }));
  return { jobs, targeted: targetedBy(target) };
}

function firstWork(target: NewPublish['target']): Work[] {
  if (isRegistryTarget(target)) return [{ kind: 'expand', after: undefined }];
  const { provider } = target;
  switch (target.kind) {
    case 'tokens':
      return piecesOf([...new Set(target.tokens)], JOB_SIZE).map((tokens) => ({
        kind: 'tokens',
        provider,
        tokens,
      }));
    case 'topic':
      return [{ kind: 'group', provider, group: { topic: target.topic } }];
    case 'condition':
      return [{ kind: 'group', provider, group: { condition: target.condition } }];
  }
}

function targetedBy(target: NewPublish['target']): number {
  if (isRegistryTarget(target)) return 0;
  return target.kind === 'tokens' ? new Set(target.tokens).size : 1;
}
