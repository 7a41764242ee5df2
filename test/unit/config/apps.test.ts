import { describe, expect, it } from 'vitest';
import { configFrom } from '../../../server/config/parse.ts';
import { ONE_APP, parse, problems } from './support.ts';

const PRODUCTION = { NODE_ENV: 'production' } as const;

describe('config: apps', () => {
  it('makes an app up in development and keeps it on this machine', () => {
    const { config } = parse({});
    expect(config.developmentApp).toBe(config.apps[0]);
    expect(config.apps).toHaveLength(1);
    expect(config.apps[0]).toMatchObject({
      id: '1',
      credentials: [{ key: 'carillon-dev-key', secret: 'carillon-dev-secret' }],
      enabled: true,
    });
    expect(config.host).toBe('127.0.0.1');
    expect(parse({ env: { CARILLON_HOST: '0.0.0.0' } }).config.host).toBe('0.0.0.0');
  });

  it('lets app defaults reach the made-up app', () => {
    const { config } = parse({ env: { CARILLON_WATCHLIST_SIZE: '7' } });
    expect(config.apps[0]?.limits.watchlistSize).toBe(7);
  });

  it('starts in production without an app where a database may have some', () => {
    const databases = {
      CARILLON_DATABASE_URL: 'postgres://carillon@db.example/carillon',
      CARILLON_DATA_DIR: '/var/lib/carillon',
    };
    for (const [name, value] of Object.entries(databases)) {
      expect(parse({ env: { ...PRODUCTION, [name]: value } }).config.apps).toEqual([]);
    }
  });

  it('refuses to start in production without an app', () => {
    const [problem, ...others] = problems({ env: PRODUCTION });
    expect(problem).toContain('apps is empty, and production makes no app up');
    expect(problem).toContain('CARILLON_APP_ID, CARILLON_APP_KEY and CARILLON_APP_SECRET');
    expect(others).toEqual([]);
  });

  it('does not say there is no app when the list of apps could not be read', () => {
    expect(problems({ env: { ...PRODUCTION, CARILLON_APPS: '[{' } })).toHaveLength(1);
    expect(problems({ env: { ...PRODUCTION, CARILLON_CONFIG: 'no.json' } })).toHaveLength(1);
  });

  it('goes by CARILLON_MODE before NODE_ENV', () => {
    const { config } = parse({ env: { ...PRODUCTION, CARILLON_MODE: 'development' } });
    expect([config.mode, config.console]).toEqual(['development', true]);
    const production = parse({ env: { ...ONE_APP, CARILLON_MODE: 'production' } }).config;
    expect([production.mode, production.console]).toEqual(['production', false]);
  });

  it('refuses the made-up credentials in production, wherever they stand', () => {
    const apps = [
      { id: 'a', key: 'carillon-dev-key', secret: 'long-enough-1' },
      {
        id: 'b',
        credentials: [
          { key: 'k', secret: 'long-enough-2' },
          { key: 'l', secret: 'carillon-dev-secret' },
        ],
      },
    ];
    const found = problems({ env: { ...PRODUCTION, CARILLON_APPS: JSON.stringify(apps) } });
    expect(found.map((problem) => problem.slice(0, 10))).toEqual(['app a uses', 'app b uses']);
  });

  it('warns of short secrets in production only', () => {
    const env = { ...ONE_APP, CARILLON_APP_SECRET: '1234567' };
    expect(parse({ env }).warnings.join()).not.toContain('short');
    expect(parse({ env: { ...env, ...PRODUCTION } }).warnings).toEqual([
      'app 7 has a secret shorter than 8 characters, which can be guessed',
    ]);
  });

  it('warns likewise of short secrets of the push doors', () => {
    const env = {
      ...ONE_APP,
      ...PRODUCTION,
      CARILLON_PUSH_API_KEY: 'short',
      CARILLON_KINVEY_APP_KEY: 'kid',
      CARILLON_KINVEY_APP_SECRET: 'long-enough',
      CARILLON_KINVEY_MASTER_SECRET: '1234567',
      CARILLON_BEAMS_INSTANCE_ID: '6f2a1c1e-3b1d-4d53-9f0e-0a1b2c3d4e5f',
      CARILLON_BEAMS_SECRET_KEY: 'x',
    };
    expect(parse({ env }).warnings).toEqual([
      'app 7 has a push.beams.secretKey shorter than 8 characters, which can be guessed',
      'app 7 has a push.centrifugo.apiKey shorter than 8 characters, which can be guessed',
      'app 7 has a push.kinvey.masterSecret shorter than 8 characters, which can be guessed',
    ]);
  });

  it('warns when a development node with an app of its own listens on every address', () => {
    const [warning, ...others] = parse({ env: ONE_APP }).warnings;
    expect(warning).toMatch(
      /^development mode: .*every address \(0\.0\.0\.0\).*set CARILLON_MODE=production/,
    );
    expect(others).toEqual([]);
    expect(parse({ env: { ...ONE_APP, CARILLON_HOST: '192.0.2.7' } }).warnings).toEqual([]);
    expect(parse({ env: { ...ONE_APP, ...PRODUCTION } }).warnings).toEqual([]);
  });

  it('warns when the publicly known secret is exposed beyond this machine', () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.7']) {
      const { warnings } = parse({ env: { CARILLON_HOST: host } });
      expect(warnings.join()).toContain(`secret is public knowledge, and ${host} can be reached`);
    }
    for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) {
      expect(parse({ env: { CARILLON_HOST: host } }).warnings).toEqual([]);
    }
    const env = {
      CARILLON_APP_ID: '1',
      CARILLON_APP_KEY: 'mine',
      CARILLON_APP_SECRET: 'carillon-dev-secret',
    };
    expect(parse({ env }).warnings).toHaveLength(2);
  });

  it('tells in which file the apps are, if they are all there', () => {
    const files = { 'c.json': '{"apps":[{"id":"f","key":"fk","secret":"fs"}]}', 'd.json': '{"port":1}' };
    expect(parse({ files, flags: ['--config', 'c.json'] }).appsFile).toBe('c.json');
    expect(parse({ files, env: { ...ONE_APP, CARILLON_CONFIG: 'c.json' } }).appsFile).toBeUndefined();
    expect(parse({ files, flags: ['--config', 'd.json'] }).appsFile).toBeUndefined();
  });

  it('names a file once in a problem', () => {
    const files = {
      'c.json': '{"apps":[{"id":"1","key":"a","secret":"s"},{"id":"1","key":"b","secret":"s"}]}',
    };
    expect(problems({ files, flags: ['--config', 'c.json'] })).toEqual([
      'c.json: apps[1] has the id 1 and so does apps[0]; each id may be used once',
    ]);
    expect(problems({ files: { 'd.json': '{"app":{"id":"1"}}' }, flags: ['--config', 'd.json'] })[0]).toBe(
      'd.json: app.key is missing; an app needs it beside app.id',
    );
  });

  it('calls an empty list empty', () => {
    expect(problems({ env: { CARILLON_APPS: '[{"id":"1","credentials":[]}]' } })).toEqual([
      'CARILLON_APPS[0].credentials must be a list of 1 to 100 pairs of key and secret, but is empty',
    ]);
  });

  it('wants id, key and secret together and names the missing ones', () => {
    const { CARILLON_APP_SECRET: _, ...env } = ONE_APP;
    expect(problems({ env })).toEqual([
      'CARILLON_APP_SECRET is missing; an app needs it beside CARILLON_APP_ID and CARILLON_APP_KEY',
    ]);
    expect(problems({ flags: ['--app-key=k'] })).toEqual([
      '--app-id is missing; an app needs it beside --app-key',
      '--app-secret is missing; an app needs it beside --app-key',
    ]);
  });

  it('adds up the apps of all sources', () => {
    const files = { 'c.json': '{"apps":[{"id":"f","key":"fk","secret":"file-secret"}]}' };
    const env = {
      ...ONE_APP,
      CARILLON_CONFIG: 'c.json',
      CARILLON_APPS: '[{"id":"e","key":"ek","secret":"environment-secret"}]',
    };
    const flags = ['--apps', '[{"id":"g","key":"gk","secret":"flag-secret"}]'];
    expect(parse({ files, env, flags }).config.apps.map(({ id }) => id)).toEqual(['7', 'f', 'e', 'g']);
  });

  it('refuses an id or a key that is used twice', () => {
    const env = {
      ...ONE_APP,
      CARILLON_APPS: JSON.stringify([
        { id: '7', key: 'other', secret: 's' },
        { id: '8', key: 'seven', secret: 's' },
        {
          id: '9',
          credentials: [
            { key: 'n', secret: 's' },
            { key: 'n', secret: 't' },
          ],
        },
      ]),
    };
    expect(problems({ env })).toEqual([
      'CARILLON_APPS[0] has the id 7 and so does the app of CARILLON_APP_ID; each id may be used once',
      'CARILLON_APPS[1] has the key seven and so does the app of CARILLON_APP_ID; each key may be used once',
      'CARILLON_APPS[2] has the key n twice; each key may be used once',
    ]);
  });

  it('merges app defaults beneath each app, group by group', () => {
    const config = configFrom({
      appDefaults: {
        forceTls: true,
        limits: { watchlistSize: 5, eventsPerBatch: 3 },
        features: { watchlists: false },
      },
      apps: [
        { id: 'a', key: 'ak', secret: 'as', limits: { watchlistSize: 9 } },
        { id: 'b', key: 'bk', secret: 'bs', forceTls: false, features: { clientEvents: false } },
      ],
    });
    const [a, b] = config.apps;
    expect(a).toMatchObject({
      forceTls: true,
      limits: { watchlistSize: 9, eventsPerBatch: 3, userIdLength: 128 },
    });
    expect(b).toMatchObject({
      forceTls: false,
      limits: { watchlistSize: 5 },
      features: { clientEvents: false, watchlists: false, subscriptionCounts: true },
    });
  });

  it('takes several key pairs, the oldest first', () => {
    const credentials = [
      { key: 'old', secret: 'old-secret' },
      { key: 'new', secret: 'new-secret' },
    ];
    expect(configFrom({ apps: [{ id: 'a', credentials }] }).apps[0]?.credentials).toEqual(credentials);
  });

  it('points at what is wrong within a list and suggests names there too', () => {
    const env = {
      CARILLON_APPS: JSON.stringify([
        { id: 1, key: 'a b', secret: 's' },
        { id: 'b', key: 'k', secrt: 's', limits: { watchlistSize: -1, foo: 1 } },
        { id: 'c', key: 'k' },
        { id: 'd', key: 'k', secret: 's', credentials: [{ key: 'k2', secret: 's' }] },
        { id: 'e' },
        'f',
        { key: 'k', secret: 's' },
      ]),
    };
    const found = problems({ env });
    expect(found).toEqual([
      'CARILLON_APPS[0].id must be text of 1 to 128 letters, digits or any of - _ . ~, but is 1; put it in quotes',
      'CARILLON_APPS[0].key must be text of 1 to 128 letters, digits or any of - _ . ~, but is "a b"',
      'CARILLON_APPS[1].limits.watchlistSize must be a whole number from 0 to 10000, but is -1',
      'CARILLON_APPS[1].limits.foo is not a setting',
      'CARILLON_APPS[1].secrt is not a setting; did you mean secret?',
      'CARILLON_APPS[1] has no secret; key and secret go together',
      'CARILLON_APPS[2] has no secret; key and secret go together',
      'CARILLON_APPS[3] has key or secret beside credentials; move the pair into credentials',
      'CARILLON_APPS[4] has no key and secret; give both, or credentials',
      'CARILLON_APPS[5] must be an app, at least {"id": …, "key": …, "secret": …}, but is a text of 1 characters',
      'CARILLON_APPS[6].id is missing; it must be text of 1 to 128 letters, digits or any of - _ . ~',
    ]);
  });

  it('refuses a list of apps that is not a list', () => {
    expect(problems({ env: { CARILLON_APPS: '{"id":"1"}' } })).toEqual([
      'CARILLON_APPS must be a list of apps, but is a group of settings',
    ]);
  });

  it('never shows a secret, whatever is wrong with it', () => {
    const hush = 'hush-hush';
    const wrong: Array<Parameters<typeof problems>[0]> = [
      { env: { CARILLON_APPS: `[{"id":"1","key":"k","secret":"${hush}"` } },
      { env: { CARILLON_APPS: `"${hush}"` } },
      { env: { CARILLON_APPS: `["${hush}"]` } },
      { env: { CARILLON_APPS: `[{"id":"1","key":"k","secret":["${hush}"]}]` } },
      { env: { CARILLON_APPS: `[{"id":"1","credentials":"${hush}"}]` } },
      { env: { CARILLON_APPS: `[{"id":"1","credentials":["${hush}"]}]` } },
      { env: { CARILLON_APP_SECRET: hush.repeat(200) } },
      { flags: ['--tls.passphrase', hush.repeat(200)] },
      { flags: [`--app-secrte=${hush}`] },
      { flags: ['--app-secrte', hush] },
      { env: { ...ONE_APP, ...PRODUCTION, CARILLON_PORT: 'x', CARILLON_APP_SECRET: hush } },
    ];
    for (const given of wrong) expect(problems(given).join('\n')).not.toContain(hush);
  });

  it('treats an explicit undefined in code as left out', () => {
    const config = configFrom({
      port: undefined,
      apps: [{ id: 'a', key: 'k', secret: 's', limits: { watchlistSize: undefined } }],
    });
    expect([config.port, config.apps[0]?.limits.watchlistSize]).toEqual([6001, 100]);
  });
});
