/** The pages of a node: `/health`, `/ready`, `/metrics`, the service worker of Beams, and in development the console. */
import type { ConsoleAsset } from '../console/assets.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { SERVICE_WORKER_SCRIPT } from './beams/service-worker-script.ts';
import { type HttpResponse, KEEP_ALIVE, text } from './message.ts';
import type { Page } from './site.ts';

export interface PagePorts {
  /** Whether the node takes connections: false while it stops, and until all its workers have come to listen. */
  readonly ready: () => boolean;
  readonly metrics: Pick<Metrics, 'page'>;
  readonly console: ReadonlyMap<string, ConsoleAsset>;
}

const NO_STORE = ['Cache-Control', 'no-store'] as const;

/** Applications on any origin take it into their own worker; a browser asks each time whether it has changed. */
const SERVICE_WORKER: HttpResponse = {
  status: 200,
  headers: [
    ['Content-Type', 'text/javascript; charset=utf-8'],
    ['Cache-Control', 'no-cache'],
    ['Access-Control-Allow-Origin', '*'],
    ['Cross-Origin-Resource-Policy', 'cross-origin'],
    KEEP_ALIVE,
  ],
  body: SERVICE_WORKER_SCRIPT,
};

export function nodePages({ ready, metrics, console }: PagePorts): Map<string, Page> {
  const pages = new Map<string, Page>([
    // Alive: answers at all. A node that drains is alive and must not be restarted.
    ['/health', () => text(200, 'OK', [NO_STORE])],
    ['/ready', () => (ready() ? text(200, 'OK', [NO_STORE]) : text(503, 'Not ready', [NO_STORE]))],
    ['/beams/service-worker.js', () => SERVICE_WORKER],
    [
      '/metrics',
      async () => {
        const { contentType, text: body } = await metrics.page();
        return { status: 200, headers: [['Content-Type', contentType]], body };
      },
    ],
  ]);
  for (const [path, { contentType, body }] of console) {
    pages.set(path, () => ({ status: 200, headers: [['Content-Type', contentType], NO_STORE], body }));
  }
  return pages;
}
