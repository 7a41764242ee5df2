/** Which endpoint a path leads to, whatever a proxy put before it. */
import { describe, expect, it } from 'vitest';
import { matchRoute, Router } from '../../../../server/http/routes.ts';

const routes = new Map(
  ['events', 'channels', 'channels/*', 'channels/*/users', 'users/*/terminate_connections'].map((path) => [
    path,
    new Map(),
  ]),
);
const match = (path: string) => {
  const found = matchRoute(routes, path);
  return found && [found.path, found.appId, found.name];
};

describe('matchRoute', () => {
  it.each([
    ['/apps/1/events', ['/apps/1/events', '1', '']],
    ['/apps/1/channels/a,b', ['/apps/1/channels/a,b', '1', 'a,b']],
    ['/apps/1/channels/a%2Cb/users', ['/apps/1/channels/a%2Cb/users', '1', 'a,b']],
    ['/apps/1/users/a+b/terminate_connections', ['/apps/1/users/a+b/terminate_connections', '1', 'a+b']],
    ['/prefix/apps/1/events', ['/apps/1/events', '1', '']],
    ['/apps/apps/1/events', ['/apps/1/events', '1', '']],
    ['/apps/apps/events', ['/apps/apps/events', 'apps', '']],
    ['/users/7/terminate_connections', ['/users/7/terminate_connections', undefined, '7']],
  ])('%s', (path, expected) => expect(match(path)).toEqual(expected));

  it.each([
    '/',
    '/apps',
    '/apps/',
    '/apps/1',
    '/apps/1/',
    '/apps/1/nothing',
    '/apps/1/channels/a/b/c',
    '/users/7',
  ])('%s leads nowhere', (path) => expect(match(path)).toBeUndefined());
});

describe('Router', () => {
  it('finds what matchRoute finds, the first time and again', () => {
    const router = new Router(routes, (found) => found);
    const paths = ['/apps/1/events', '/apps/2/events', '/apps/1/channels/a%2Cb', '/apps/1/nothing', '/'];
    for (const path of [...paths, ...paths]) expect(router.find(path)).toEqual(matchRoute(routes, path));
  });

  it('remembers a bounded number of paths, and forgets none for good', () => {
    const router = new Router(routes, (found) => found);
    const first = router.find('/apps/1/channels/0');
    expect(router.find('/apps/1/channels/0')).toBe(first);
    for (let name = 1; name <= 1000; name += 1) router.find(`/apps/1/channels/${name}`);
    const again = router.find('/apps/1/channels/0');
    expect(again).not.toBe(first);
    expect(again).toEqual(first);
  });

  it('does not remember paths of any length', () => {
    const router = new Router(routes, (found) => found);
    const path = `/apps/1/channels/${'x'.repeat(1000)}`;
    expect(router.find(path)).toEqual(matchRoute(routes, path));
    expect(router.find(path)).not.toBe(router.find(path));
  });
});
