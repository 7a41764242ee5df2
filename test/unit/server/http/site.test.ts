/** What a node answers where no endpoint does, and who is asked. */
import { describe, expect, it } from 'vitest';
import { type HttpResponse, json } from '../../../../server/http/message.ts';
import type { SignedApi } from '../../../../server/http/signed-api.ts';
import { type Door, Site } from '../../../../server/http/site.ts';
import type { Eventual } from '../../../../server/lib/eventual.ts';

const API_PATH = /\/apps\/1\/events$/;

/** A site with one page, these doors, and an API of one path, in front of which a proxy may have put something. */
function siteWith(doors: readonly Door[] = []) {
  const resource = { needsCaller: false, handle: () => json('{"api":true}') };
  const api = {
    find: (path: string) => (API_PATH.test(path) ? resource : undefined),
  } as unknown as SignedApi;
  const site = new Site(new Map([['/health', () => json('{}')]]), doors, undefined, api);
  return {
    needsCaller: (path: string) => site.find(path).needsCaller,
    answer: (method: string, path: string): Eventual<HttpResponse> => {
      const call = { method, path, query: '', accept: '', body: Buffer.alloc(0), caller: undefined };
      return site.find(path).handle(call);
    },
  };
}

describe('Site', () => {
  it('an unknown path is 404', async () => {
    expect(await siteWith().answer('GET', '/nothing')).toMatchObject({ status: 404 });
  });

  it('the API answers its paths, whatever a proxy put before them', async () => {
    const { answer } = siteWith();
    expect(await answer('POST', '/apps/1/events')).toMatchObject({ body: '{"api":true}' });
    expect(await answer('POST', '/behind/apps/1/events')).toMatchObject({ body: '{"api":true}' });
  });

  it('a page has GET and HEAD', async () => {
    const { answer } = siteWith();
    expect(await answer('GET', '/health')).toMatchObject({ status: 200 });
    expect(await answer('HEAD', '/health')).toMatchObject({ status: 200 });
    expect(await answer('POST', '/health')).toMatchObject({ status: 405 });
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
    const { needsCaller } = siteWith([door]);
    expect(needsCaller('/apps/1/events')).toBe(false);
    expect(needsCaller('/device_api/apps/1/events')).toBe(true);
    expect(asked).toEqual(['/device_api/apps/1/events']);
  });
});
