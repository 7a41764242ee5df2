/** What a node answers where no endpoint does, and that refusals can be found in the log. */
import { describe, expect, it } from 'vitest';
import { type HttpResponse, json } from '../../../../server/http/message.ts';
import type { SignedApi } from '../../../../server/http/signed-api.ts';
import { type Door, Site } from '../../../../server/http/site.ts';
import type { LogFields } from '../../../../server/lib/logger.ts';

const request = (method: string, path: string) => ({
  method,
  path,
  query: '',
  accept: '',
  body: Buffer.alloc(0),
  caller: undefined,
});

function siteWith(answer: HttpResponse | Promise<HttpResponse> | undefined, doors: readonly Door[] = []) {
  const lines: Array<[string, LogFields]> = [];
  const note = (fields: LogFields, message: string): void => {
    lines.push([message, fields]);
  };
  const owns = (path: string): boolean => path.startsWith('/apps/');
  const api = { handle: () => answer, owns } as unknown as SignedApi;
  const pages = new Map([['/health', () => json('{}')]]);
  return {
    site: new Site(pages, doors, undefined, api, { debug: note, info: note, warn: note, error: note }),
    lines,
  };
}

describe('Site', () => {
  it('an unknown path is 404, and logged with the reason', async () => {
    const { site, lines } = siteWith(undefined);
    expect(await site.handle(request('GET', '/nothing'))).toMatchObject({ status: 404 });
    expect(lines).toEqual([
      ['request refused', { method: 'GET', path: '/nothing', status: 404, reason: 'Not found' }],
    ]);
  });

  it('so is what the API refuses, at once or later', async () => {
    const refusal: HttpResponse = { status: 401, headers: [], body: 'Unknown auth_key' };
    for (const answer of [refusal, Promise.resolve(refusal)]) {
      const { site, lines } = siteWith(answer);
      expect(await site.handle(request('POST', '/apps/1/events'))).toBe(refusal);
      expect(lines).toMatchObject([['request refused', { status: 401, reason: 'Unknown auth_key' }]]);
    }
  });

  it('a page has GET and HEAD, and success is not logged', async () => {
    const { site, lines } = siteWith(undefined);
    expect(await site.handle(request('GET', '/health'))).toMatchObject({ status: 200 });
    expect(lines).toEqual([]);
    expect(await site.handle(request('POST', '/health'))).toMatchObject({ status: 405 });
  });

  it('doors are asked about all paths but those that can only be of the API', () => {
    const asked: string[] = [];
    const door: Door = {
      serves(path) {
        asked.push(path);
        return true;
      },
      handle: () => json('{"door":true}'),
    };
    const { site } = siteWith(json('{}'), [door]);
    expect(site.needsCaller('/apps/1/events')).toBe(false);
    expect(site.needsCaller('/device_api/apps/1/events')).toBe(true);
    expect(asked).toEqual(['/device_api/apps/1/events']);
  });
});
