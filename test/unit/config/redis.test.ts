/** The Redis settings: what addresses mean, and what is said about those that mean nothing. */
import { describe, expect, it } from 'vitest';
import { maskedConfig } from '../../../server/cli/masked-config.ts';
import { ConfigError } from '../../../server/config/config-error.ts';
import { configFrom } from '../../../server/config/parse.ts';
import { ONE_APP, parse } from './support.ts';

const settings = (redis: object) => configFrom({ redis }, () => '').redis;
const problems = (redis: object): string[] => {
  try {
    configFrom({ redis }, (file) => {
      throw Object.assign(new Error(file), { code: 'ENOENT' });
    });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ key, message }) => `${key} ${message}`);
    throw error;
  }
  return [];
};

describe('an address of Redis', () => {
  it('none means that the node is alone', () => {
    expect(configFrom({}).redis).toBeUndefined();
  });

  it('comes from the environment', () => {
    const { config } = parse({
      env: { ...ONE_APP, CARILLON_REDIS_URL: 'redis://a', CARILLON_REDIS_KEY_PREFIX: 'x:' },
    });
    expect(config.redis).toMatchObject({
      mode: 'single',
      hosts: [{ host: 'a', port: 6379 }],
      keyPrefix: 'x:',
    });
  });

  it.each([
    ['redis://a', { mode: 'single', hosts: [{ host: 'a', port: 6379 }], db: 0, tls: undefined }],
    ['redis://a:7000/3', { hosts: [{ host: 'a', port: 7000 }], db: 3 }],
    ['redis://a/', { db: 0 }],
    ['redis://user:p%40ss@a', { username: 'user', password: 'p@ss' }],
    ['redis://user:p@ss@a', { username: 'user', password: 'p@ss' }],
    ['redis://:secret@a', { username: undefined, password: 'secret' }],
    ['redis://secret@a', { username: undefined, password: 'secret' }],
    ['redis://[::1]:7000', { hosts: [{ host: '::1', port: 7000 }] }],
    ['redis://[fe80::1%25eth0]', { hosts: [{ host: 'fe80::1%eth0', port: 6379 }] }],
    ['rediss://a', { mode: 'single', tls: { rejectUnauthorized: true } }],
    [
      'redis+cluster://a,b:7001',
      {
        mode: 'cluster',
        hosts: [
          { host: 'a', port: 6379 },
          { host: 'b', port: 7001 },
        ],
      },
    ],
    ['rediss+cluster://a', { mode: 'cluster', tls: { rejectUnauthorized: true } }],
    [
      'redis+sentinel://a,b:1/primary/2',
      {
        mode: 'sentinel',
        hosts: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 1 },
        ],
        sentinel: { masterName: 'primary' },
        db: 2,
      },
    ],
    ['redis+sentinel://a', { sentinel: { masterName: 'mymaster' } }],
  ])('%s', (url, expected) => {
    expect(settings({ url })).toMatchObject(expected);
  });

  it('may be told apart by the mode beside it, and outdone by what is given there', () => {
    expect(settings({ url: 'redis://a,b', mode: 'cluster' })).toMatchObject({ mode: 'cluster' });
    expect(
      settings({
        url: 'redis+sentinel://u:p@a/first',
        username: 'x',
        password: 'y',
        sentinel: { masterName: 'second', password: 'z' },
      }),
    ).toMatchObject({ username: 'x', password: 'y', sentinel: { masterName: 'second', password: 'z' } });
  });

  it.each([
    [{ url: 'http://a' }, 'redis.url must be an address in one of these forms'],
    [{ url: 'a:6379' }, 'redis.url must be an address in one of these forms'],
    [{ url: 'redis://a?x=1' }, 'redis.url must be an address in one of these forms'],
    [{ url: 'redis://:p%zz@a' }, 'redis.url has a % that is not followed by two hexadecimal digits'],
    [{ url: 'redis://a:0' }, 'redis.url has a host that is none'],
    [{ url: 'redis://a:70000' }, 'redis.url has a host that is none'],
    [{ url: 'redis://::1' }, 'redis.url has a host that is none'],
    [{ url: 'redis://a,,b', mode: 'cluster' }, 'redis.url has a host that is none'],
    [{ url: 'redis://a,b' }, 'redis.url names several servers; set redis.mode to cluster or sentinel'],
    [{ url: 'redis://a/x' }, 'redis.url must end with the number of a database'],
    [{ url: 'redis://a/1/2' }, 'redis.url must end with the number of a database'],
    [{ url: 'redis+cluster://a/1' }, 'redis.url names a database, but a Redis Cluster has only one'],
    [
      { url: 'redis+cluster://a', mode: 'single' },
      'redis.mode is single, but the address in redis.url is that of a cluster',
    ],
    [{ mode: 'cluster' }, 'redis.url is missing, but redis.mode is set'],
    [{ url: 'redis://a', keyPrefix: 'a{b}' }, 'redis.keyPrefix must be text of at most 100 letters'],
    [{ url: 'rediss://a', tls: { caFile: 'ca.pem' } }, "redis.tls.caFile names ca.pem, which doesn't exist"],
    [{ url: 'rediss://a', tls: { certFile: 'c.pem' } }, 'redis.tls.keyFile is missing'],
  ])('that is wrong is named with the way out: %j', (redis, expected) => {
    expect(problems(redis).join('\n')).toContain(expected);
  });

  it('and its password never shows', () => {
    for (const url of [
      'http://u:geheim@a',
      'redis://u:geheim@a:0',
      'redis://u:geheim@a/x',
      'redis://u:geheim@a,b',
    ]) {
      const said = problems({ url });
      expect(said).not.toEqual([]);
      expect(said.join('\n')).not.toContain('geheim');
    }
    const config = configFrom({ redis: { url: 'redis://u:geheim@a', sentinel: { password: 'heimlich' } } });
    expect(maskedConfig(config)).not.toMatch(/geheim|heimlich/);
  });

  it.each(['rediss://a:1/3', 'redis+sentinel://a,b:1/primary/2', 'redis+cluster://[::1]:7000,b'])(
    'and what is shown of it works in a file: %s',
    (url) => {
      const config = configFrom({ redis: { url, username: 'u', keyPrefix: 'x:' } });
      const shown = JSON.parse(maskedConfig(config)) as { redis: object };
      expect(settings(shown.redis)).toEqual(config.redis);
    },
  );
});
