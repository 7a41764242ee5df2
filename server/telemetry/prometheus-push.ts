/** Metrics of push, under the names that dashboards of Centrifugo PRO know. docs/push.md lists them. */
import { Counter, Gauge, type Registry, Summary } from 'prom-client';
import type { Push } from '../push/build-push.ts';
import type { Lane } from '../push/jobs.ts';
import type { PushMetrics } from '../push/push-metrics.ts';

/** Jobs by lane; undefined until there is a pipeline. */
export type PushGauges = () => Pick<Push, 'inFlight' | 'backlog'> | undefined;

export function prometheusPush(registry: Registry, gauges: PushGauges): PushMetrics {
  const registers = [registry];
  addGauges(registry, gauges);
  const attempts = new Counter({
    name: 'centrifugo_push_notification_count',
    help: 'Answers of providers, one for each notification and try',
    labelNames: ['provider', 'recipient_type', 'platform', 'success', 'err_code'],
    registers,
  });
  const durations = new Summary({
    name: 'centrifugo_push_job_duration_seconds',
    help: 'How long providers took for a job of up to 500 recipients',
    labelNames: ['provider', 'recipient_type'],
    registers,
  });
  const scheduled = new Counter({
    name: 'centrifugo_push_scheduled_request_count',
    help: 'Publishes accepted that are to be sent later',
    labelNames: ['recipient_type'],
    registers,
  });
  return {
    attempted({ provider, recipientType, platform, success, code }, count) {
      const labels = {
        provider,
        recipient_type: recipientType,
        platform,
        success: String(success),
        err_code: code,
      };
      attempts.inc(labels, count);
    },
    jobDone: (provider, recipientType, seconds) =>
      durations.observe({ provider, recipient_type: recipientType }, seconds),
    scheduled: (recipientType) => scheduled.inc({ recipient_type: recipientType }),
  };
}

function addGauges(registry: Registry, gauges: PushGauges): void {
  const gauge = (
    name: string,
    help: string,
    read: () => Promise<ReadonlyMap<Lane, number> | undefined>,
  ): void => {
    new Gauge({
      name: `centrifugo_push_${name}`,
      help,
      labelNames: ['provider', 'queue'],
      registers: [registry],
      async collect() {
        const lanes = await read();
        this.reset();
        for (const [lane, jobs] of lanes ?? []) this.set({ provider: providerOf(lane), queue: lane }, jobs);
      },
    });
  };
  gauge('consuming_inflight_jobs', 'Jobs under way on this node', async () => gauges()?.inFlight());
  // A scrape must not fail because the database does.
  gauge('queue_consuming_lag', 'Jobs that are due and wait for a worker, on all nodes', async () =>
    gauges()
      ?.backlog()
      .catch(() => undefined),
  );
}

/** Finding devices and telling of the end are nobody's. */
const providerOf = (lane: Lane): string => (lane === 'expand' || lane === 'notify' ? '' : lane);
