/** The pages of a node: `/health`, `/ready`, `/metrics`, and in development the console. */
import type { ConsoleAsset } from '../console/assets.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { text } from './message.ts';
import type { Page } from './site.ts';

export interface PagePorts {
  /** Whether the node takes connections: false while it stops. */
  readonly ready: () => boolean;
  readonly metrics: Metrics;
  readonly console: ReadonlyMap<string, ConsoleAsset>;
}

const NO_STORE = ['Cache-Control', 'no-store'] as const;

export function nodePages({ ready, metrics, console }: PagePorts): Map<string, Page> {
  const pages = new Map<string, Page>([
    // Alive: answers at all. A node that drains is alive and must not be restarted.
    ['/health', () => text(200, 'OK', [NO_STORE])],
    ['/ready', () => (ready() ? text(200, 'OK', [NO_STORE]) : text(503, 'Stopping', [NO_STORE]))],
    [
      '/metrics',
      async () => ({
        status: 200,
        headers: [['Content-Type', metrics.contentType]],
        body: await metrics.render(),
      }),
    ],
  ]);
  for (const [path, { contentType, body }] of console) {
    pages.set(path, () => ({ status: 200, headers: [['Content-Type', contentType], NO_STORE], body }));
  }
  return pages;
}
