/** `/admin/push/webhooks`: webhooks of Beams that were given up, listed or sent again. */
import type { BeamsWebhookQueue, FailedBeamsWebhook } from '../../push/beams-webhooks/beams-webhook-queue.ts';
import { type AdminCall, type AdminEndpoint, type AdminRoutes, adminJson } from '../admin-api.ts';
import type { HttpResponse } from '../message.ts';
import { parameter } from '../query.ts';
import { readJsonBody } from './body.ts';

export interface BeamsWebhookAdminPorts {
  readonly queue: BeamsWebhookQueue;
  readonly clock: { now(): number };
  /** Called when something is to be sent again. */
  readonly added: () => void;
}

const PATH = '/admin/push/webhooks';
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
const MAX_IDS = 1000;

export function beamsWebhookRoutes(ports: BeamsWebhookAdminPorts): AdminRoutes {
  return new Map([
    [PATH, new Map<string, AdminEndpoint>([['GET', (call) => list(ports, call)]])],
    [`${PATH}/retry`, new Map<string, AdminEndpoint>([['POST', (call) => retry(ports, call)]])],
  ]);
}

async function list({ queue }: BeamsWebhookAdminPorts, { parameters }: AdminCall): Promise<HttpResponse> {
  const limit = parameter(parameters, 'limit') ?? String(DEFAULT_LIMIT);
  if (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_LIMIT) {
    return refused(`limit must be a whole number from 1 to ${MAX_LIMIT}`);
  }
  const after = parameter(parameters, 'cursor');
  if (after !== undefined && !/^[\w-]{1,100}$/.test(after)) return refused('cursor is not one of ours');
  const { items, hasMore } = await queue.failed(parameter(parameters, 'app'), {
    after,
    limit: Number(limit),
  });
  return adminJson(200, { webhooks: items.map(shown), cursor: hasMore ? (items.at(-1)?.id ?? null) : null });
}

/** `{"app":…}` for all of an app, `{"app":…,"ids":[…]}` for some. */
async function retry(
  { queue, clock, added }: BeamsWebhookAdminPorts,
  call: AdminCall,
): Promise<HttpResponse> {
  const json = readJsonBody(call.body);
  if (typeof json === 'string') return refused(json);
  const { app, ids } = json.object;
  if (typeof app !== 'string') return refused('app must be the id of an app');
  if (ids !== undefined && !isIds(ids)) return refused(`ids must be a list of 1 to ${MAX_IDS} texts`);
  const retried = await queue.retry(app, ids, clock.now());
  added();
  return adminJson(200, { retried });
}

function isIds(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= MAX_IDS &&
    value.every((id) => typeof id === 'string')
  );
}

/** Where it goes is left out: addresses hold passwords. */
function shown({
  id,
  appId,
  webhookId,
  eventType,
  body,
  failures,
  reason,
  failedAt,
}: FailedBeamsWebhook): object {
  return {
    id,
    app: appId,
    webhook: webhookId ?? null,
    event_type: eventType,
    body: JSON.parse(body) as unknown,
    attempts: failures,
    reason,
    failed_at: new Date(failedAt).toISOString(),
  };
}

function refused(error: string): HttpResponse {
  return adminJson(400, { error });
}
