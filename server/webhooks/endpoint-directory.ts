/** Which endpoints each app has, and which kinds of events are worth making for it. */
import type { WebhookKind } from '../../protocol/index.ts';
import type { App } from '../apps/app.ts';
import { WebhookEndpoint } from './webhook-endpoint.ts';

/** The two ends of one stay. Whoever wants one needs both to be seen: one within the other's grace cancels it. */
const COUNTERPART: ReadonlyMap<WebhookKind, WebhookKind> = new Map<WebhookKind, WebhookKind>([
  ['channel_occupied', 'channel_vacated'],
  ['channel_vacated', 'channel_occupied'],
  ['member_added', 'member_removed'],
  ['member_removed', 'member_added'],
]);

interface AppEndpoints {
  readonly endpoints: readonly WebhookEndpoint[];
  readonly byName: ReadonlyMap<string, WebhookEndpoint>;
  readonly kinds: ReadonlySet<WebhookKind>;
}

export class EndpointDirectory {
  readonly #apps = new Map<string, AppEndpoints>();

  constructor(apps: Iterable<Pick<App, 'id' | 'webhooks'>>) {
    for (const app of apps) this.update(app);
  }

  /**
   * Takes over an app's endpoints as they are now: those whose names it had before stay the same ones, with other
   * settings. Returns those it has no longer.
   */
  update({ id, webhooks }: Pick<App, 'id' | 'webhooks'>): readonly WebhookEndpoint[] {
    const before = this.#apps.get(id);
    const after = endpointsOf(id, webhooks, before?.byName ?? new Map());
    if (after.endpoints.length > 0) this.#apps.set(id, after);
    else this.#apps.delete(id);
    const gone = before?.endpoints.filter(({ name }) => !after.byName.has(name)) ?? [];
    for (const endpoint of gone) endpoint.removed = true;
    return gone;
  }

  /** Whether events of a kind have to be queued for an app: asked before an event is made. */
  wants(appId: string, kind: WebhookKind): boolean {
    return this.#apps.get(appId)?.kinds.has(kind) === true;
  }

  of(appId: string): readonly WebhookEndpoint[] {
    return this.#apps.get(appId)?.endpoints ?? [];
  }

  find(appId: string, name: string): WebhookEndpoint | undefined {
    return this.#apps.get(appId)?.byName.get(name);
  }

  *all(): Iterable<WebhookEndpoint> {
    for (const { endpoints } of this.#apps.values()) yield* endpoints;
  }

  /** The apps that have endpoints. */
  appIds(): Iterable<string> {
    return this.#apps.keys();
  }
}

function endpointsOf(
  appId: string,
  webhooks: App['webhooks'],
  before: ReadonlyMap<string, WebhookEndpoint>,
): AppEndpoints {
  const byName = new Map<string, WebhookEndpoint>();
  const kinds = new Set<WebhookKind>();
  for (const settings of webhooks) {
    const name = freeName(new URL(settings.url), byName);
    const endpoint = before.get(name) ?? new WebhookEndpoint(appId, name, settings);
    endpoint.update(settings);
    byName.set(name, endpoint);
    for (const kind of settings.events) {
      kinds.add(kind);
      const counterpart = COUNTERPART.get(kind);
      if (counterpart !== undefined) kinds.add(counterpart);
    }
  }
  return { endpoints: [...byName.values()], byName, kinds };
}

function freeName({ origin, pathname }: URL, taken: ReadonlyMap<string, unknown>): string {
  const name = origin + pathname;
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name}#${number}`;
  return free;
}
