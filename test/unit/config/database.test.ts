/** Settings of the database. */
import { describe, expect, it } from 'vitest';
import { ONE_APP, parse, problems } from './support.ts';

const URL = 'postgres://carillon:hush-hush@db.example.com/push';
const database = (env: Record<string, string>, files: Record<string, string> = {}) =>
  parse({ env: { ...ONE_APP, ...env }, files }).config.database;

describe('the database', () => {
  it('is none, unless one is given', () => {
    expect(database({})).toBeUndefined();
  });

  it('is SQLite in the data folder', () => {
    expect(database({ CARILLON_DATA_DIR: '/var/lib/carillon' })).toEqual({
      kind: 'sqlite',
      folder: '/var/lib/carillon',
    });
  });

  it('is PostgreSQL where an address is given, whether or not there is a data folder', () => {
    const expected = { kind: 'postgres', url: URL, ssl: 'disable', ca: undefined, poolSize: 10 };
    expect(database({ CARILLON_DATABASE_URL: URL })).toEqual(expected);
    expect(database({ CARILLON_DATABASE_URL: URL, CARILLON_DATA_DIR: '/data' })).toEqual(expected);
    expect(database({ CARILLON_DATABASE_URL: URL, CARILLON_DATABASE_POOL_SIZE: '3' })).toMatchObject({
      poolSize: 3,
    });
  });

  it.each([
    ['disable', 'disable'],
    ['prefer', 'disable'],
    ['require', 'require'],
    ['verify-ca', 'verify-full'],
    ['verify-full', 'verify-full'],
  ])('encrypts as sslmode=%s of the address says', (mode, ssl) => {
    expect(database({ CARILLON_DATABASE_URL: `${URL}?sslmode=${mode}&application_name=x` })).toMatchObject({
      url: `${URL}?application_name=x`,
      ssl,
    });
  });

  it('encrypts as its own setting says, whatever the address says, with authorities of its own', () => {
    const env = {
      CARILLON_DATABASE_URL: `${URL}?sslmode=disable`,
      CARILLON_DATABASE_SSL_MODE: 'verify-full',
      CARILLON_DATABASE_CA_FILE: 'ca.pem',
    };
    expect(database(env, { 'ca.pem': 'PEM' })).toMatchObject({ ssl: 'verify-full', ca: 'PEM' });
    expect(problems({ env: { ...ONE_APP, ...env } })).toEqual([
      "CARILLON_DATABASE_CA_FILE names ca.pem, which doesn't exist",
    ]);
    expect(problems({ env: { ...ONE_APP, ...env, CARILLON_DATABASE_SSL_MODE: 'require' } })).toEqual([
      'CARILLON_DATABASE_CA_FILE is of use only if CARILLON_DATABASE_SSL_MODE is verify-full',
    ]);
  });

  it.each(['x', 'mysql://h/d', 'postgres://h', 'postgres:///d', 'postgres://u:hush-hush@h:port/d'])(
    'has an address: not %s, which is not repeated for its password',
    (url) => {
      expect(problems({ env: { ...ONE_APP, CARILLON_DATABASE_URL: url } })).toEqual([
        expect.stringMatching(
          /^CARILLON_DATABASE_URL must be an address such as postgres:\/\/user:password@host:5432\/database(?!.*hush)/,
        ),
      ]);
    },
  );

  it('has no options without an address', () => {
    expect(problems({ env: { ...ONE_APP, CARILLON_DATABASE_SSL_MODE: 'require' } })).toEqual([
      expect.stringMatching(/^CARILLON_DATABASE_SSL_MODE goes with CARILLON_DATABASE_URL$/),
    ]);
  });
});
