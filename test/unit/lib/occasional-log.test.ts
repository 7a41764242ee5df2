import { expect, it } from 'vitest';
import { OccasionalLog } from '../../../server/lib/occasional-log.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function occasionalLog() {
  const clock = new FakeClock();
  const lines: object[] = [];
  const ignored = (): void => undefined;
  const logger = {
    debug: ignored,
    info: ignored,
    error: ignored,
    warn: (fields: object) => lines.push(fields),
  };
  return { clock, lines, log: new OccasionalLog(clock, logger) };
}

it('writes one warning of a kind in ten seconds, and how many it left out', () => {
  const { clock, lines, log } = occasionalLog();
  for (const n of [1, 2, 3]) log.warn('a', { n }, 'said');
  log.warn('b', { n: 4 }, 'said');
  clock.advance(10_000);
  log.warn('a', { n: 5 }, 'said');
  expect(lines).toEqual([{ n: 1 }, { n: 4 }, { n: 5, leftOut: 2 }]);
});

it('remembers ten thousand subjects, so that nobody fills the memory by making up new ones', () => {
  const { lines, log } = occasionalLog();
  const subjects = Array.from({ length: 10_001 }, (_, n) => `subject ${n}`);
  for (const subject of subjects) log.warn(subject, {}, 'said');
  lines.length = 0;
  // The latest is remembered; of the first, forgotten, the next is written again.
  log.warn('subject 10000', {}, 'said');
  expect(lines).toEqual([]);
  log.warn('subject 0', {}, 'said');
  expect(lines).toEqual([{}]);
});
