/** How many processes a node consists of. */
import { describe, expect, it } from 'vitest';
import { ONE_APP, parse, problems } from './support.ts';

const workers = (value: string) => parse({ env: { ...ONE_APP, CARILLON_WORKERS: value } }).config.workers;

describe('workers', () => {
  it('is one, unless more are asked for', () => {
    expect(parse({ env: ONE_APP }).config.workers).toBe(1);
    expect([workers('1'), workers('4'), workers(' 64 '), workers('auto')]).toEqual([1, 4, 64, 'auto']);
    expect(parse({ env: ONE_APP, flags: ['--workers=auto'] }).config.workers).toBe('auto');
    for (const [yaml, expected] of [
      ['workers: 3', 3],
      ['workers: auto', 'auto'],
    ]) {
      const files = { 'c.yaml': String(yaml) };
      expect(parse({ env: ONE_APP, files, flags: ['--config=c.yaml'] }).config.workers).toBe(expected);
    }
  });

  it.each(['0', '65', '1.5', '-1', 'many'])('is not %j', (value) => {
    const [problem] = problems({ env: { ...ONE_APP, CARILLON_WORKERS: value } });
    expect(problem).toContain('CARILLON_WORKERS must be auto, or a whole number from 1 to 64');
  });

  it('is one where the embedded database is used, since that serves one process', () => {
    const env = { ...ONE_APP, CARILLON_WORKERS: '2', CARILLON_DATA_DIR: '/data' };
    expect(problems({ env })).toEqual([
      'CARILLON_WORKERS is 2, but the embedded database (CARILLON_DATA_DIR) serves one process; ' +
        'give a PostgreSQL (CARILLON_DATABASE_URL), or leave one of the two out',
    ]);
    expect(problems({ env: { ...env, CARILLON_WORKERS: 'auto' } })).toHaveLength(1);
    const address = { CARILLON_DATABASE_URL: 'postgres://u:p@db.example.com/push' };
    expect(parse({ env: { ...env, ...address } }).config.workers).toBe(2);
    expect(parse({ env: { ...env, CARILLON_WORKERS: '1' } }).config.workers).toBe(1);
  });
});
