/** A job that sends: one message for all who get the same, and what came of it. */
import type { Job, NewJob, SendWork } from './jobs.ts';
import { type Batch, batchesOf, groupsByUser } from './message-batches.ts';
import type { PipelinePorts } from './pipeline.ts';
import { recipientTypeOf } from './push-metrics.ts';
import { isPayloadProblem, type PreparedPush, type PushProvider, type Verdict } from './push-provider.ts';
import type { NewOutcome, QueuedPublish, Settlement } from './push-queue.ts';
import { type Recipients, recipientsOf } from './recipients.ts';
import { isMissing, type Rendering } from './rendering.ts';
import { type Recipient, type RetryRules, Sorter } from './verdicts.ts';

/** Requests with messages of their own that are under way at a time. */
const PERSONAL_AT_ONCE = 50;

export interface SendTask {
  readonly job: Job;
  readonly work: SendWork;
  readonly rendering: Rendering;
  readonly retry: RetryRules;
  /** Aborted when the node stops: what was not begun is left to others. */
  readonly signal: AbortSignal;
}

/** Why a job ends without sending. */
interface End {
  readonly status: NewOutcome['status'];
  readonly code: string | undefined;
  readonly reason: string;
}

const GONE: End = {
  status: 'skipped',
  code: 'device_gone',
  reason: 'the device was removed before it was sent to',
};
const CANCELLED: End = { status: 'cancelled', code: 'cancelled', reason: 'the publish was cancelled' };
const EXPIRED: End = { status: 'expired', code: 'expired', reason: 'its time was over before it was sent' };
const NO_PAYLOAD: End = {
  status: 'skipped',
  code: 'no_payload',
  reason: 'the publish says nothing to this provider',
};

export async function send(task: SendTask, ports: PipelinePorts): Promise<Settlement> {
  const { job, work, rendering } = task;
  const { publish } = rendering;
  const recipients = await recipientsOf(publish.appId, work, ports.audience);
  const startedAt = ports.clock.now();
  const sorter = sorterFor(task, ports);
  for (const gone of recipients.gone) endOf(sorter, gone, job.cancelled ? CANCELLED : GONE);
  const provider = ports.providersOf(publish.appId).get(work.provider);
  const end = endBefore(job, publish, startedAt) ?? (provider === undefined ? noProvider(work) : undefined);
  if (provider === undefined || end !== undefined) {
    for (const recipient of recipients.present) if (end !== undefined) endOf(sorter, recipient, end);
    return settlementOf(task, sorter, ports);
  }
  if (rendering.personal && work.kind !== 'group')
    await sendPersonally(task, provider, recipients, sorter, ports);
  else await sendAlike(task, provider, recipients, sorter, ports);
  const seconds = (ports.clock.now() - startedAt) / 1000;
  ports.metrics.jobDone(work.provider, recipientTypeOf(publish.target), seconds);
  return settlementOf(task, sorter, ports);
}

/** Ends a job that can't be done: everyone in it counts as failed. */
export async function giveUp(task: SendTask, reason: string, ports: PipelinePorts): Promise<Settlement> {
  const { present, gone } = await recipientsOf(task.rendering.publish.appId, task.work, ports.audience);
  const sorter = sorterFor(task, ports);
  for (const recipient of [...present, ...gone]) {
    endOf(sorter, recipient, { status: 'failed', code: 'internal', reason });
  }
  return settlementOf(task, sorter, ports);
}

/** The last moment at which a publish is tried, in milliseconds since the epoch. */
function lastTryOf({ expiresAt, createdAt, sendAt }: QueuedPublish, { giveUpMs }: RetryRules): number {
  return expiresAt ?? Math.max(createdAt, sendAt ?? 0) + giveUpMs;
}

function sorterFor(
  { job, work, rendering, retry, signal }: SendTask,
  { clock, chance }: PipelinePorts,
): Sorter {
  const { publish } = rendering;
  const judgement = {
    provider: work.provider,
    tries: job.tries,
    lastAt: lastTryOf(publish, retry),
    expires: publish.expiresAt !== undefined,
    toUsers: publish.target.kind === 'users',
    signal,
  };
  return new Sorter(judgement, retry, clock, chance);
}

function endBefore(job: Job, { expiresAt }: QueuedPublish, now: number): End | undefined {
  if (job.cancelled) return CANCELLED;
  return expiresAt !== undefined && now > expiresAt ? EXPIRED : undefined;
}

const noProvider = ({ provider }: SendWork): End => ({
  status: 'skipped',
  code: 'no_provider',
  reason: `the app has no provider ${provider}`,
});

const endOf = (sorter: Sorter, recipient: Recipient, { status, code, reason }: End): void =>
  sorter.end(recipient, status, code, reason);

async function sendAlike(
  task: SendTask,
  provider: PushProvider,
  { present }: Recipients,
  sorter: Sorter,
  ports: PipelinePorts,
): Promise<void> {
  const { work, rendering } = task;
  for (const batch of batchesOf(rendering, provider, work.provider, present)) {
    await sendBatch(task, provider, batch, sorter, ports);
  }
}

/** A message for each user. A window of them at a time bounds what is held. */
async function sendPersonally(
  task: SendTask,
  provider: PushProvider,
  { present }: Recipients,
  sorter: Sorter,
  ports: PipelinePorts,
): Promise<void> {
  const { work, rendering } = task;
  const groups = groupsByUser(present);
  const users = groups.flatMap(({ user }) => (user === undefined ? [] : [user]));
  const known = await ports.userValues(rendering.publish.appId, [...new Set(users)]);
  const queue = groups.values();
  const sender = async (): Promise<void> => {
    for (const { user, ofBeams, recipients } of queue) {
      const values = user === undefined ? {} : { ...known.get(user), ...rendering.ownValues(user) };
      const rendered = rendering.messageFor(provider, work.provider, ofBeams, values);
      await sendBatch(task, provider, { rendered, recipients }, sorter, ports);
    }
  };
  await Promise.all(Array.from({ length: Math.min(PERSONAL_AT_ONCE, groups.length) }, sender));
}

async function sendBatch(
  task: SendTask,
  provider: PushProvider,
  { rendered, recipients }: Batch,
  sorter: Sorter,
  ports: PipelinePorts,
): Promise<void> {
  if (isMissing(rendered)) {
    for (const recipient of recipients) endOf(sorter, recipient, NO_PAYLOAD);
    return;
  }
  if (isPayloadProblem(rendered)) {
    const end: End = { status: 'failed', code: 'invalid_payload', reason: rendered.problem };
    for (const recipient of recipients) endOf(sorter, recipient, end);
    return;
  }
  const verdicts = await verdictsOf(task, provider, rendered, recipients);
  const counts = new Map<string, { recipient: Recipient; verdict: Verdict; count: number }>();
  for (const [index, recipient] of recipients.entries()) {
    const verdict = verdicts[index] ?? UNANSWERED;
    sorter.add(recipient, verdict);
    const key = `${recipient.platform} ${codeOf(verdict)}`;
    const counted = counts.get(key);
    if (counted === undefined) counts.set(key, { recipient, verdict, count: 1 });
    else counted.count += 1;
  }
  const { provider: name } = task.work;
  const recipientType = recipientTypeOf(task.rendering.publish.target);
  for (const { recipient, verdict, count } of counts.values()) {
    const success = verdict.kind === 'sent';
    const { platform } = recipient;
    ports.metrics.attempted(
      { provider: name, recipientType, platform, success, code: codeOf(verdict) },
      count,
    );
  }
  for (const verdict of verdicts) {
    if (verdict.kind !== 'misconfigured') continue;
    const { appId } = task.rendering.publish;
    const { code, reason } = verdict;
    ports.log.warn(
      `${appId} ${name} ${code}`,
      { appId, provider: name, code, reason },
      'push provider refuses us',
    );
    break;
  }
}

/** A provider that leaves an address out has not sent to it. */
const UNANSWERED: Verdict = {
  kind: 'retry',
  afterMs: undefined,
  code: 'no_verdict',
  reason: 'the provider gave no verdict',
};

const codeOf = (verdict: Verdict): string => (verdict.kind === 'sent' ? '' : verdict.code);

async function verdictsOf(
  { work, rendering, signal }: SendTask,
  provider: PushProvider,
  prepared: PreparedPush,
  recipients: readonly Recipient[],
): Promise<readonly Verdict[]> {
  const { door, expiresAt } = rendering.publish;
  // At the Centrifugo door it says how long we try; how long providers keep a message is said in the message.
  const options = { signal, expiresAt: door === 'centrifugo' ? undefined : expiresAt };
  if (work.kind !== 'group') return provider.send(prepared, recipients, options);
  if (provider.sendToGroup !== undefined) return [await provider.sendToGroup(prepared, work.group, options)];
  return [{ kind: 'refused', code: 'no_groups', reason: `${work.provider} keeps no groups` }];
}

function settlementOf({ work }: SendTask, { sorted }: Sorter, { clock }: PipelinePorts): Settlement {
  const next = [...sorted.retries].map(([runAt, { items, tries }]): NewJob => {
    return { work: again(work, items), runAt, tries };
  });
  const { outcomes, dead } = sorted;
  return { at: clock.now(), outcomes, targeted: 0, next, dead, cutShort: false };
}

function again(work: SendWork, items: readonly string[]): SendWork {
  switch (work.kind) {
    case 'devices':
      return { ...work, ids: items };
    case 'tokens':
      return { ...work, tokens: items };
    case 'group':
      return work;
  }
}
