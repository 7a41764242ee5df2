/** A job that finds a publish's devices: a page of them becomes jobs for the providers, and the rest another job. */
import type { Audience, AudienceDevice, RegistryTarget } from './audience.ts';
import type { ProviderName } from './device.ts';
import { JOB_SIZE, type NewJob, piecesOf } from './jobs.ts';
import type { PipelinePorts, PipelineSettings } from './pipeline.ts';
import type { PublishTarget } from './publish.ts';
import type { NewOutcome, QueuedPublish, Settlement } from './push-queue.ts';

export function isRegistryTarget(target: PublishTarget): target is RegistryTarget {
  return target.kind !== 'tokens' && target.kind !== 'topic' && target.kind !== 'condition';
}

/** An end without a further device. `cutShort`: because the publish's time is over. */
export function noMore(at: number, cutShort: boolean): Settlement {
  return { at, outcomes: [], targeted: 0, next: [], dead: [], cutShort };
}

export async function expand(
  publish: QueuedPublish,
  after: string | undefined,
  settings: PipelineSettings,
  ports: PipelinePorts,
): Promise<Settlement> {
  const { audience, clock } = ports;
  const { target, expiresAt } = publish;
  const now = clock.now();
  if (audience === undefined || !isRegistryTarget(target)) return noMore(now, false);
  if (expiresAt !== undefined && now > expiresAt) return noMore(now, true);
  const { items, next: rest } = await pageOf(publish, target, after, settings, audience);
  const plan = new Plan(publish, ports, await onlineAmong(publish, items, ports));
  for (const device of items) plan.add(device);
  const next = plan.jobs(now);
  if (rest !== undefined) next.push({ work: { kind: 'expand', after: rest }, runAt: now, tries: 0 });
  const { skipped } = plan;
  return { at: now, outcomes: skipped, targeted: items.length, next, dead: [], cutShort: false };
}

/** Devices that were there when the notification was to go out; later ones would see old news. */
function pageOf(
  { appId, createdAt, sendAt }: QueuedPublish,
  target: RegistryTarget,
  after: string | undefined,
  { pageSize }: PipelineSettings,
  audience: Audience,
): ReturnType<Audience['devicesOf']> {
  const createdUntil = Math.max(createdAt, sendAt ?? 0);
  return audience.devicesOf(appId, target, { createdUntil, after, limit: pageSize });
}

async function onlineAmong(
  { appId, offlineOnly }: QueuedPublish,
  devices: readonly AudienceDevice[],
  { online }: PipelinePorts,
): Promise<ReadonlySet<string>> {
  if (offlineOnly === undefined) return new Set();
  const users = new Set(devices.flatMap(({ user }) => (user === undefined ? [] : [user])));
  return new Set(users.size === 0 ? [] : await online(appId, [...users]));
}

/** Devices sorted by what is to be done for them. */
class Plan {
  readonly skipped: NewOutcome[] = [];
  readonly #publish: QueuedPublish;
  readonly #providers: { has(name: ProviderName): boolean };
  readonly #online: ReadonlySet<string>;
  readonly #ids = new Map<ProviderName, string[]>();

  constructor(publish: QueuedPublish, { providersOf }: PipelinePorts, online: ReadonlySet<string>) {
    this.#publish = publish;
    this.#providers = providersOf(publish.appId);
    this.#online = online;
  }

  add(device: AudienceDevice): void {
    const { id, provider, user } = device;
    if (user !== undefined && this.#online.has(user)) this.#skip(device, 'online', 'the user is connected');
    else if (this.#publish.payloads[provider] === undefined) {
      this.#skip(device, 'no_payload', `the publish has nothing for ${provider}`);
    } else if (!this.#providers.has(provider)) {
      this.#skip(device, 'no_provider', `the app has no provider ${provider}`);
    } else {
      const ids = this.#ids.get(provider) ?? [];
      this.#ids.set(provider, ids);
      ids.push(id);
    }
  }

  jobs(runAt: number): NewJob[] {
    return [...this.#ids].flatMap(([provider, ids]) =>
      piecesOf(ids, JOB_SIZE).map((piece) => ({
        work: { kind: 'devices' as const, provider, ids: piece },
        runAt,
        tries: 0,
      })),
    );
  }

  #skip({ id, provider, user: owner }: AudienceDevice, code: string, reason: string): void {
    const status = 'skipped';
    const user = this.#publish.target.kind === 'users' ? owner : undefined;
    this.skipped.push({
      recipient: id,
      provider,
      user,
      status,
      tries: 0,
      code,
      reason,
      messageId: undefined,
    });
  }
}
