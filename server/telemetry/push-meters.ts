/** What the push pipeline counts, under the names that Centrifugo gives these metrics. */
import { type Aggregator, Counter, Gauge, type MetricObject, Registry, Summary } from 'prom-client';
import type { ProviderName } from '../push/device.ts';
import { LANES, type Lane } from '../push/jobs.ts';
import type { Attempts, PushMetrics } from '../push/push-metrics.ts';

/** Where the jobs are that wait or are under way. */
export interface JobCounts {
  /** On this node. */
  inFlight(): ReadonlyMap<Lane, number>;
  /** Due and waiting for a worker, in the whole queue. */
  backlog(): Promise<ReadonlyMap<Lane, number>>;
}

type ReadJobs = () => Promise<ReadonlyMap<Lane, number>>;

export class PushMeters implements PushMetrics {
  readonly #registry = new Registry();
  readonly #notifications: Counter;
  readonly #durations: Summary;
  readonly #scheduled: Counter;

  constructor() {
    const registers = [this.#registry];
    this.#notifications = new Counter({
      name: 'centrifugo_push_notification_count',
      help: 'Notifications by what providers answered',
      labelNames: ['provider', 'recipient_type', 'platform', 'success', 'err_code'],
      registers,
    });
    this.#durations = new Summary({
      name: 'centrifugo_push_job_duration_seconds',
      help: 'Seconds that jobs of up to 500 notifications took',
      labelNames: ['provider', 'recipient_type'],
      registers,
      // Of the last ten minutes, in bounded memory.
      maxAgeSeconds: 600,
      ageBuckets: 5,
      pruneAgedBuckets: true,
    });
    this.#scheduled = new Counter({
      name: 'centrifugo_push_scheduled_request_count',
      help: 'Publishes accepted for later',
      labelNames: ['recipient_type'],
      registers,
    });
  }

  /** Shows from now on how many jobs there are; asked at each scrape. */
  watch(jobs: JobCounts): void {
    this.#gauge('centrifugo_push_queue_consuming_lag', 'Jobs that wait', () => jobs.backlog(), 'max');
    const inFlight = async (): Promise<ReadonlyMap<Lane, number>> => jobs.inFlight();
    this.#gauge('centrifugo_push_consuming_inflight_jobs', 'Jobs under way on this node', inFlight);
  }

  /** In Prometheus' text format. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  /** As values, to be added up with those of others. */
  values(): Promise<MetricObject[]> {
    return this.#registry.getMetricsAsJSON();
  }

  #gauge(name: string, help: string, read: ReadJobs, aggregator: Aggregator = 'sum'): void {
    new Gauge({
      aggregator,
      name,
      help,
      labelNames: ['provider', 'queue'],
      registers: [this.#registry],
      async collect() {
        this.reset();
        // A database that can't be asked is told by other signs; the rest of the page is worth having.
        const jobs = await read().catch(() => undefined);
        if (jobs === undefined) return;
        for (const lane of LANES) {
          this.set({ provider: providerOf(lane), queue: lane }, jobs.get(lane) ?? 0);
        }
      },
    });
  }

  attempted({ provider, recipientType, platform, success, code }: Attempts, count: number): void {
    const labels = {
      provider,
      recipient_type: recipientType,
      platform,
      success: String(success),
      err_code: code,
    };
    this.#notifications.inc(labels, count);
  }

  jobDone(provider: ProviderName, recipientType: string, seconds: number): void {
    this.#durations.observe({ provider, recipient_type: recipientType }, seconds);
  }

  scheduled(recipientType: string): void {
    this.#scheduled.inc({ recipient_type: recipientType });
  }
}

const providerOf = (lane: Lane): ProviderName | '' => (lane === 'expand' || lane === 'notify' ? '' : lane);
