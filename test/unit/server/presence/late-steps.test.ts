/** Steps whose end comes when what they were about has changed. */
import { expect, it } from 'vitest';
import { OccasionalLog } from '../../../../server/lib/occasional-log.ts';
import { Contributions } from '../../../../server/presence/contributions.ts';
import { type Actor, type PresenceSteps, SweptError } from '../../../../server/presence/presence-steps.ts';
import { StepRunner } from '../../../../server/presence/step-runner.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { silentLogger } from '../../../support/silent-logger.ts';

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
};

it('a step about something that was forgotten meanwhile does not undo what is wanted since', async () => {
  const contributions = new Contributions();
  const repaired: string[] = [];
  const note = (what: string) => async (): Promise<void> => {
    repaired.push(what);
  };
  const steps = { leave: note('leave'), join: note('join') } as unknown as PresenceSteps;
  const membership = { nodeId: 'n', safeUntil: 0, live: () => [], onChange: () => undefined };
  const log = new OccasionalLog(new FakeClock(), silentLogger);
  const nothing = (): void => undefined;
  const whenReady = () => undefined;
  const runner = new StepRunner({
    whenReady,
    steps,
    contributions,
    membership,
    log,
    clock: new FakeClock(),
    waitMs: 1000,
    onSwept: nothing,
    onLost: nothing,
  });
  const member = () => contributions.member('app', 'presence-a', '7');
  const first = member();
  first.wanted = 1;
  await runner.take(first, 1, async () => undefined);
  first.wanted = 0;
  let fail: (error: Error) => void = nothing;
  const leaving = runner.takeAway(
    first,
    (_: Actor) =>
      new Promise((_resolve, reject) => {
        fail = reject;
      }),
  );
  // The node was swept: nothing is left of what it contributed under its former id.
  first.written = 0;
  contributions.settle(first);
  const second = member();
  expect(second).not.toBe(first);
  second.wanted = 1;
  second.member = { userId: '7', userInfo: undefined };
  const joining = runner.take(second, 1, async () => undefined);
  fail(new SweptError('swept'));
  await Promise.all([leaving, joining]);
  runner.repair();
  await settled();
  expect(repaired).toEqual([]);
  expect(second).toMatchObject({ wanted: 1, written: 1, certain: true });
});
