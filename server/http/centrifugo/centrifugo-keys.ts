/** Which app a request to the Centrifugo door is for: its API key tells. */
import { hash, timingSafeEqual } from 'node:crypto';
import type { App } from '../../apps/app.ts';
import type { AppRegistry } from '../../apps/app-registry.ts';
import type { HttpRequest } from '../message.ts';
import { parameter, parseQuery } from '../query.ts';

export class CentrifugoKeys {
  readonly #registry: Pick<AppRegistry, 'all' | 'byId'>;
  /** Where a key was found last, by digest; apps come, go and change, so it is looked at again each time. */
  readonly #seen = new Map<string, string>();
  /** An app with other settings is another value. */
  readonly #digests = new WeakMap<App, Buffer>();

  constructor(registry: Pick<AppRegistry, 'all' | 'byId'>) {
    this.#registry = registry;
  }

  appOf(request: Pick<HttpRequest, 'caller' | 'query'>): App | undefined {
    const key = keyIn(request);
    if (key === undefined || key === '') return undefined;
    const wanted = digestOf(key);
    const name = wanted.toString('base64');
    const seen = this.#registry.byId(this.#seen.get(name) ?? '');
    if (seen !== undefined && this.#opens(seen, wanted)) return seen;
    this.#seen.delete(name);
    for (const app of this.#registry.all()) {
      if (!this.#opens(app, wanted)) continue;
      this.#seen.set(name, app.id);
      return app;
    }
    return undefined;
  }

  /** Digests are compared, because they are of one length whatever was sent. */
  #opens(app: App, wanted: Buffer): boolean {
    const { centrifugo } = app.push;
    if (centrifugo === undefined || !app.enabled) return false;
    const digest = this.#digests.get(app) ?? digestOf(centrifugo.apiKey);
    this.#digests.set(app, digest);
    return timingSafeEqual(digest, wanted);
  }
}

/** A header of the newer kind decides alone; else a header of the older kind, else the query. */
function keyIn({ caller, query }: Pick<HttpRequest, 'caller' | 'query'>): string | undefined {
  const newer = caller?.headers.get('x-api-key');
  if (newer !== undefined) return newer;
  const [scheme, key, ...more] = (caller?.headers.get('authorization') ?? '').split(' ').filter(Boolean);
  if (scheme?.toLowerCase() === 'apikey' && key !== undefined && more.length === 0) return key;
  return parameter(parseQuery(query), 'api_key');
}

function digestOf(text: string): Buffer {
  return Buffer.from(hash('sha256', text, 'hex'), 'hex');
}
