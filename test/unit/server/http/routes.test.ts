/** Which endpoint a path leads to, whatever a proxy put before it. */
import { describe, expect, it } from 'vitest';
import { matchRoute } from '../../../../server/http/routes.ts';

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
