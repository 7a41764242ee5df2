/** Which app a key of the push doors opens, while apps come, go and change. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../../../server/apps/app.ts';
import { NO_PUSH, type PushSettings } from '../../../../server/apps/push-settings.ts';
import { CentrifugoKeys } from '../../../../server/http/centrifugo/centrifugo-keys.ts';
import { KinveyApps } from '../../../../server/http/kinvey/kinvey-apps.ts';

/** As much of an app as matters here. */
const app = (id: string, push: Partial<PushSettings>, enabled = true): App =>
  ({ id, enabled, push: { ...NO_PUSH, ...push } }) as App;

let apps: App[];
const registry = {
  all: () => apps,
  byId: (id: string) => apps.find((one) => one.id === id),
};
beforeEach(() => {
  apps = [];
});

describe('an API key of Centrifugo', () => {
  const keys = new CentrifugoKeys(registry);
  const opens = (key: string) =>
    keys.appOf({ query: '', caller: { address: '', headers: new Map([['x-api-key', key]]) } })?.id;
  const withKey = (id: string, apiKey: string, enabled = true) =>
    app(id, { centrifugo: { apiKey } }, enabled);

  it('opens its app, and no longer when it is withdrawn', () => {
    apps = [app('0', {}), withKey('1', 'a'), withKey('2', 'b')];
    expect([opens('a'), opens('b'), opens('c'), opens('')]).toEqual(['1', '2', undefined, undefined]);
    apps = [withKey('1', 'c'), withKey('2', 'a')];
    expect([opens('a'), opens('b'), opens('c')]).toEqual(['2', undefined, '1']);
    apps = [withKey('2', 'a', false)];
    expect(opens('a')).toBeUndefined();
  });
});

describe('an app key of Kinvey', () => {
  const kinveyApps = new KinveyApps(registry);
  const opens = (key: string) => kinveyApps.find(key)?.app.id;
  const withKey = (id: string, appKey: string, enabled = true) =>
    app(id, { kinvey: { appKey, appSecret: 's', masterSecret: 'm' } }, enabled);

  it('names its app, and no longer when it is withdrawn', () => {
    apps = [app('0', {}), withKey('1', 'a'), withKey('2', 'b')];
    expect([opens('a'), opens('b'), opens('c')]).toEqual(['1', '2', undefined]);
    apps = [withKey('1', 'c'), withKey('2', 'a')];
    expect([opens('a'), opens('b'), opens('c')]).toEqual(['2', undefined, '1']);
    apps = [withKey('2', 'a', false)];
    expect(opens('a')).toBeUndefined();
  });
});
