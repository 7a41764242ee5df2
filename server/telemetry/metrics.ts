/** What a node tells its operators' monitoring. */
import type { MetricObject } from 'prom-client';

export interface MetricsPage {
  readonly contentType: string;
  readonly text: string;
}

export interface Metrics {
  /** The state of all metrics now, as a page. */
  page(): Promise<MetricsPage>;
  /** The same as values, to be added up with those of others. */
  values(): Promise<MetricObject[]>;
}
