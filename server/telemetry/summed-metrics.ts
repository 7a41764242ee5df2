/** The metrics of several processes as one page: sums, or what else a metric says is right for it. */
import { AggregatorRegistry, Counter, Gauge, type MetricObject, Registry } from 'prom-client';
import { withoutNan } from './prometheus-metrics.ts';

export async function summedMetrics(
  processes: readonly MetricObject[][],
): Promise<{ readonly contentType: string; readonly text: string }> {
  const registry = AggregatorRegistry.aggregate([...processes]);
  return { contentType: registry.contentType, text: withoutNan(await registry.metrics()) };
}

/** What only the parent knows of its workers. */
export function workerMetrics(workers: () => number, restarts: () => number): Registry {
  const registry = new Registry();
  new Gauge({
    name: 'carillon_workers',
    help: 'Workers that take connections',
    registers: [registry],
    collect() {
      this.set(workers());
    },
  });
  new Counter({
    name: 'carillon_worker_restarts_total',
    help: 'Workers that ended and were replaced',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(restarts());
    },
  });
  return registry;
}
