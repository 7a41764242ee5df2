/** Publishing by a backend: accept, look at, cancel. */
import { createHash } from 'node:crypto';
import type { Ids } from '../../lib/ids.ts';
import type { BeamsWebhooks } from '../../push/beams-webhooks/beams-webhooks.ts';
import type { Outcome, PublishReport } from '../../push/publish.ts';
import type { Publishing } from '../../push/publishing.ts';
import { segmentDecoded } from '../query.ts';
import type { Instance } from './beams-instances.ts';
import { badRequest, problem, type Reply, said, unprocessable } from './beams-reply.ts';
import { cursorOf, pageOf } from './page-query.ts';
import { askedPublishOf } from './publish-body.ts';

export interface PublishCall {
  readonly instance: Instance;
  readonly to: 'interests' | 'users';
  /** As received, and parsed. */
  readonly json: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** The `Idempotency-Key` header. */
  readonly idempotencyKey: string | undefined;
}

export interface PublishPorts {
  readonly publishing: Publishing;
  readonly webhooks: BeamsWebhooks;
  readonly ids: Ids;
}

const LONGEST_KEY = 255;
const PUBLISH_NOT_FOUND = problem(404, 'Not found', 'Publish not found');

export class BeamsPublishes {
  readonly #ports: PublishPorts;

  constructor(ports: PublishPorts) {
    this.#ports = ports;
  }

  async publish({ instance, to, json, body, idempotencyKey }: PublishCall): Promise<Reply> {
    if (idempotencyKey !== undefined && (idempotencyKey === '' || idempotencyKey.length > LONGEST_KEY)) {
      return badRequest(`\`Idempotency-Key\` must have 1 to ${LONGEST_KEY} characters.`);
    }
    const asked = askedPublishOf(body, to);
    if (typeof asked === 'string') return unprocessable(asked);
    const { target, payloads, webhookUrl, sendAt, expiresAt } = asked;
    const accepted = await this.#ports.publishing.accept({
      appId: instance.app.id,
      door: 'beams',
      publicId: `pubid-${this.#ports.ids.uniqueId()}`,
      target,
      payloads,
      sendAt,
      expiresAt,
      offlineOnly: undefined,
      variables: undefined,
      idempotency:
        idempotencyKey === undefined
          ? undefined
          : { key: idempotencyKey, fingerprint: createHash('sha256').update(`${to}\n${json}`).digest('hex') },
      publishWebhook: webhookUrl === undefined ? undefined : { url: webhookUrl, requestBody: json },
    });
    switch (accepted.kind) {
      case 'accepted':
        if (webhookUrl !== undefined) {
          await this.#ports.webhooks.started(instance.app.id, accepted.publicId, {
            url: webhookUrl,
            requestBody: json,
          });
        }
        return said({ publishId: accepted.publicId });
      case 'conflict':
        return unprocessable('`Idempotency-Key`: the key was used for a different publish.');
      case 'invalid':
        return unprocessable(accepted.reason);
      case 'no provider':
        return unprocessable(`The app has no provider ${accepted.provider}.`);
    }
  }

  /** Beams has nothing of the kind: our extension. */
  async report({ app }: Instance, encodedId: string): Promise<Reply> {
    const report = await this.#ports.publishing.report(app.id, segmentDecoded(encodedId));
    return report === undefined ? PUBLISH_NOT_FOUND : said(shownReport(report));
  }

  /** Our extension too: what became of it at each device, page by page. */
  async outcomes({ app }: Instance, encodedId: string, query: string): Promise<Reply> {
    const page = pageOf(query);
    if ('status' in page) return page;
    const id = segmentDecoded(encodedId);
    if ((await this.#ports.publishing.report(app.id, id)) === undefined) return PUBLISH_NOT_FOUND;
    const { items, hasMore } = await this.#ports.publishing.outcomes(app.id, id, page);
    const last = items.at(-1);
    return said({
      outcomes: items.map(shownOutcome),
      responseMetadata: hasMore && last !== undefined ? { nextCursor: cursorOf(last.key) } : {},
    });
  }

  async cancel({ app }: Instance, encodedId: string): Promise<Reply> {
    const id = segmentDecoded(encodedId);
    if (await this.#ports.publishing.cancel(app.id, id)) return said({ publishId: id, status: 'cancelled' });
    const report = await this.#ports.publishing.report(app.id, id);
    if (report === undefined) return PUBLISH_NOT_FOUND;
    return problem(409, 'Conflict', `The publish is ${report.status}; nothing is left to cancel.`);
  }
}

function shownReport({ publicId, status, createdAt, finishedAt, counts }: PublishReport): object {
  return {
    publishId: publicId,
    status,
    createdAt: new Date(createdAt).toISOString(),
    finishedAt: finishedAt === undefined ? null : new Date(finishedAt).toISOString(),
    counts,
  };
}

function shownOutcome(outcome: Outcome): object {
  const { deviceId, provider, user, status, tries, code, reason, messageId, at, deliveredAt, openedAt } =
    outcome;
  return {
    deviceId: deviceId ?? null,
    provider,
    userId: user ?? null,
    status,
    tries,
    code: code ?? null,
    reason: reason ?? null,
    messageId: messageId ?? null,
    at: new Date(at).toISOString(),
    deliveredAt: deliveredAt === undefined ? null : new Date(deliveredAt).toISOString(),
    openedAt: openedAt === undefined ? null : new Date(openedAt).toISOString(),
  };
}
