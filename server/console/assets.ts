/** What the console page consists of, as bytes by path: built once at start, served from memory. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type ConsoleApp, consolePage, type TriggerDefaults } from './page.ts';

export interface ConsoleAsset {
  readonly contentType: string;
  readonly body: Buffer;
}

/** The page at `/` and the client library it loads. Throws when the installed pusher-js can't be read. */
export function consoleAssets(app: ConsoleApp, defaults: TriggerDefaults): ReadonlyMap<string, ConsoleAsset> {
  return new Map<string, ConsoleAsset>([
    ['/', { contentType: 'text/html; charset=utf-8', body: Buffer.from(consolePage(app, defaults)) }],
    ['/console/pusher.js', { contentType: 'text/javascript; charset=utf-8', body: readLibrary() }],
  ]);
}

function readLibrary(): Buffer {
  const manifest = createRequire(import.meta.url).resolve('pusher-js/package.json');
  return readFileSync(join(dirname(manifest), 'dist', 'web', 'pusher.min.js'));
}
