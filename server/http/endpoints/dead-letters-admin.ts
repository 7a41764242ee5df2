/** `/admin/webhooks/dead-letters`: what could not be delivered, listed, sent again or thrown away. */
import type { QueryParameters } from '../../../protocol/index.ts';
import { andThen, type Eventual } from '../../lib/eventual.ts';
import type { DeadLetter, DeadLetters, LetterSelection } from '../../webhooks/dead-letters.ts';
import type { EndpointDirectory } from '../../webhooks/endpoint-directory.ts';
import type { WebhookQueue } from '../../webhooks/webhook-queue.ts';
import { type AdminCall, type AdminEndpoint, type AdminRoutes, adminJson } from '../admin-api.ts';
import type { HttpResponse } from '../message.ts';
import { parameter } from '../query.ts';
import { readJsonBody } from './body.ts';

export interface DeadLetterPorts {
  readonly deadLetters: DeadLetters;
  readonly queue: WebhookQueue;
  readonly endpoints: EndpointDirectory;
}

const PATH = '/admin/webhooks/dead-letters';
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

export function deadLetterRoutes(ports: DeadLetterPorts): AdminRoutes {
  return new Map([
    [
      PATH,
      new Map<string, AdminEndpoint>([
        ['GET', (call) => list(ports, call)],
        ['DELETE', (call) => drop(ports, call)],
      ]),
    ],
    [`${PATH}/replay`, new Map<string, AdminEndpoint>([['POST', (call) => replay(ports, call)]])],
  ]);
}

function list({ deadLetters }: DeadLetterPorts, { parameters }: AdminCall): Eventual<HttpResponse> {
  const limit = parameter(parameters, 'limit') ?? String(DEFAULT_LIMIT);
  if (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_LIMIT) {
    return refused(`limit must be a whole number from 1 to ${MAX_LIMIT}`);
  }
  const cursor = parameter(parameters, 'cursor');
  if (cursor !== undefined && !/^[\w-]{1,100}$/.test(cursor)) return refused('cursor is not one of ours');
  const query = {
    appId: parameter(parameters, 'app'),
    endpoint: parameter(parameters, 'endpoint'),
    limit: Number(limit),
    cursor,
  };
  return andThen(deadLetters.list(query), (page) =>
    adminJson(200, { letters: page.letters.map(shown), cursor: page.cursor ?? null }),
  );
}

function drop({ deadLetters }: DeadLetterPorts, call: AdminCall): Eventual<HttpResponse> {
  const selection = selectionOf(call);
  if (typeof selection === 'string') return refused(selection);
  return andThen(deadLetters.take(selection), (letters) =>
    andThen(deadLetters.forget(letters), () => adminJson(200, { dropped: letters.length })),
  );
}

function replay(ports: DeadLetterPorts, call: AdminCall): Eventual<HttpResponse> {
  const selection = selectionOf(call);
  if (typeof selection === 'string') return refused(selection);
  return andThen(ports.deadLetters.take(selection), async (letters) => {
    const left = new Set(letters);
    let orphans = 0;
    try {
      for (const letter of letters) {
        const endpoint = ports.endpoints.find(letter.appId, letter.endpoint);
        if (endpoint === undefined) orphans += 1;
        else {
          await ports.queue.replay(endpoint, [letter.event]);
          await ports.deadLetters.forget([letter]);
          left.delete(letter);
        }
      }
    } finally {
      // Nothing is thrown away because its endpoint is not configured now, or because the queue failed.
      if (left.size > 0) await ports.deadLetters.restore([...left]);
    }
    return adminJson(200, { replayed: letters.length - orphans, without_endpoint: orphans });
  });
}

/** Which letters a request means, out of its body or its query; or why it means none. */
function selectionOf({ body, parameters }: AdminCall): LetterSelection | string {
  const json = readJsonBody(body);
  if (typeof json === 'string') return json;
  const ids = json.object['ids'] ?? idsOf(parameters);
  const appId = json.object['app'] ?? parameter(parameters, 'app');
  const endpoint = json.object['endpoint'] ?? parameter(parameters, 'endpoint');
  if (ids !== undefined) {
    if (appId !== undefined || endpoint !== undefined) return 'Give ids, or an app and endpoint, not both';
    if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string'))
      return 'ids must be a list of texts';
    return { ids };
  }
  if (typeof appId !== 'string') return 'Give ids, or an app (and an endpoint of it)';
  if (endpoint !== undefined && typeof endpoint !== 'string') return 'endpoint must be text';
  return { appId, endpoint };
}

function idsOf(parameters: QueryParameters): string[] | undefined {
  const ids = parameters.filter(([name]) => name === 'id').map(([, value]) => value);
  return ids.length === 0 ? undefined : ids;
}

function shown({ id, appId, endpoint, event, attempts, reason, failedAt }: DeadLetter): object {
  return {
    id,
    app: appId,
    endpoint,
    event: JSON.parse(event.json) as unknown,
    attempts,
    reason,
    failed_at: new Date(failedAt).toISOString(),
  };
}

function refused(error: string): HttpResponse {
  return adminJson(400, { error });
}
