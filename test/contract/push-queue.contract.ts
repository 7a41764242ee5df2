/** What every PushQueue promises; run by each implementation. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Job, Lane, NewJob, Work } from '../../server/push/jobs.ts';
import type { Outcome } from '../../server/push/publish.ts';
import {
  type AcceptedPublish,
  type Claimed,
  IDEMPOTENCY_MS,
  type NewOutcome,
  type PushQueue,
  type Settlement,
} from '../../server/push/push-queue.ts';
import { acceptedPublish } from '../support/push/publishes.ts';

const APP = 'app-1';
const EVERYTHING = { after: undefined, limit: 1000 };

const expandJob = (runAt = 1000): NewJob => ({ work: { kind: 'expand', after: undefined }, runAt, tries: 0 });
const sendJob = (ids: readonly string[], runAt = 1000, tries = 0): NewJob => ({
  work: { kind: 'devices', provider: 'fcm', ids },
  runAt,
  tries,
});
const outcome = (recipient: string, changes: Partial<NewOutcome> = {}): NewOutcome => ({
  recipient,
  provider: 'fcm',
  user: undefined,
  status: 'sent',
  tries: 1,
  code: undefined,
  reason: undefined,
  messageId: undefined,
  ...changes,
});
const settlement = (changes: Partial<Settlement> = {}): Settlement => ({
  at: 2000,
  outcomes: [],
  targeted: 0,
  next: [],
  dead: [],
  cutShort: false,
  ...changes,
});

export function pushQueueContract(create: () => Promise<PushQueue>): void {
  let queue: PushQueue;
  beforeEach(async () => {
    queue = await create();
  });

  async function accept(
    jobs: readonly NewJob[] = [expandJob()],
    changes: Partial<AcceptedPublish> = {},
  ): Promise<string> {
    const publish = acceptedPublish(changes);
    expect(await queue.accept(publish, jobs, 0)).toEqual({ kind: 'accepted', publicId: publish.publicId });
    return publish.publicId;
  }

  function claim(
    now = 1000,
    lanes: readonly Lane[] = ['expand', 'fcm', 'apns', 'notify'],
    { owner = 'node-1', lostBefore = now, jobs = 10, recipients = 1000, idle = false } = {},
  ): Promise<Claimed> {
    const rooms = lanes.map((lane) => ({ lane, jobs, recipients, idle }));
    return queue.claim({ owner, now, lostBefore, leaseUntil: now + 60_000, rooms });
  }

  async function claimOne(now = 1000, owner = 'node-1'): Promise<Job> {
    const { jobs } = await claim(now, undefined, { owner });
    expect(jobs).toHaveLength(1);
    return jobs[0] as Job;
  }

  const works = ({ jobs }: Claimed): Work[] => jobs.map(({ work }) => work);
  const statuses = async (publicId: string): Promise<Array<[string, Outcome['status']]>> => {
    const { items } = await queue.outcomes(APP, publicId, EVERYTHING);
    return items.map(({ key, status }) => [key, status]);
  };

  describe('accepting', () => {
    it('keeps the publish as it was given', async () => {
      const publish = acceptedPublish({
        door: 'beams',
        target: { kind: 'interests', interests: ['böses "wort"'] },
        payloads: { apns: { headers: { 'apns-priority': '5' }, payload: { aps: { alert: 'Hé' } } } },
        variables: { ada: { name: 'Ada', n: 1.5 } },
        publishWebhook: { url: 'https://example.com/', requestBody: '{}' },
        offlineOnly: { withinMs: 500 },
        idempotency: { key: 'k', fingerprint: 'f' },
        sendAt: 5000,
        expiresAt: 9000,
        notify: true,
      });
      await queue.accept(publish, [expandJob(5000)], 0);
      const { publishId, ...job } = (await claim(5000)).jobs[0] as Job;
      expect(job).toMatchObject({
        work: { kind: 'expand' },
        tries: 0,
        claims: 1,
        cancelled: false,
        openJobs: 1,
      });
      expect(await queue.publish(publishId)).toEqual({ ...publish, id: publishId });
    });

    it('answers a repetition under an idempotency key like the first, and queues nothing', async () => {
      const idempotency = { key: 'key', fingerprint: 'one' };
      const publicId = await accept(undefined, { idempotency });
      const again = acceptedPublish({ idempotency });
      expect(await queue.accept(again, [expandJob()], 0)).toEqual({ kind: 'accepted', publicId });
      expect((await claim()).jobs).toHaveLength(1);
    });

    it('refuses another publish under a known idempotency key', async () => {
      await accept(undefined, { idempotency: { key: 'key', fingerprint: 'one' } });
      const other = acceptedPublish({ idempotency: { key: 'key', fingerprint: 'two' } });
      expect(await queue.accept(other, [expandJob()], 0)).toEqual({ kind: 'conflict' });
    });

    it('lets go of an idempotency key after a day', async () => {
      const first = await accept(undefined, { idempotency: { key: 'key', fingerprint: 'one' } });
      const second = await accept(undefined, {
        idempotency: { key: 'key', fingerprint: 'two' },
        createdAt: 1000 + IDEMPOTENCY_MS,
      });
      expect(second).not.toBe(first);
    });

    it('has idempotency keys and public ids apart for each app', async () => {
      const idempotency = { key: 'key', fingerprint: 'one' };
      await accept(undefined, { publicId: 'same', idempotency });
      await accept(undefined, { publicId: 'same', idempotency, appId: 'app-2' });
      expect(await queue.report('app-3', 'same')).toBeUndefined();
    });

    it('refuses a public id that is taken', async () => {
      await accept(undefined, { publicId: 'taken' });
      const other = acceptedPublish({ publicId: 'taken' });
      expect(await queue.accept(other, [expandJob()], 0)).toEqual({ kind: 'conflict' });
    });

    it('takes one of many that come at once under the same key', async () => {
      const idempotency = { key: 'race', fingerprint: 'one' };
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => queue.accept(acceptedPublish({ idempotency }), [expandJob()], 0)),
      );
      const ids = new Set(
        answers.map((answer) => (answer.kind === 'accepted' ? answer.publicId : answer.kind)),
      );
      expect(ids.size).toBe(1);
      expect((await claim()).jobs).toHaveLength(1);
    });
  });

  describe('leases', () => {
    it('are given once', async () => {
      await accept();
      expect((await claim()).jobs).toHaveLength(1);
      expect((await claim()).jobs).toEqual([]);
    });

    it('are not given before the job is due, and say when that is', async () => {
      await accept([expandJob(7000)]);
      expect(await claim(6999)).toEqual({ jobs: [], nextAt: 7000 });
      expect((await claim(7000)).jobs).toHaveLength(1);
    });

    it('end, and somebody else gets the job', async () => {
      await accept();
      await claimOne(1000, 'node-1');
      expect((await claim(60_999, undefined, { owner: 'node-2' })).jobs).toEqual([]);
      expect((await claimOne(61_000, 'node-2')).claims).toBe(2);
    });

    it('last longer when they are prolonged by their owner', async () => {
      await accept();
      const { id } = await claimOne();
      expect(await queue.extend('node-2', [id], 500_000)).toEqual([]);
      expect(await queue.extend('node-1', [id, id + 1], 100_000)).toEqual([id]);
      expect((await claim(99_999)).jobs).toEqual([]);
      expect((await claim(100_000)).jobs).toHaveLength(1);
    });

    it('that are prolonged no more are lost, and their owner hears it', async () => {
      await accept();
      const { id } = await claimOne();
      expect(await queue.extend('node-1', [], 500_000)).toEqual([]);
      await claimOne(61_000, 'node-2');
      expect(await queue.extend('node-1', [id], 500_000)).toEqual([]);
      expect((await claim(121_000)).jobs).toHaveLength(1);
    });

    it('that have ended are left alone by who is patient', async () => {
      await accept();
      const job = await claimOne();
      expect((await claim(90_000, undefined, { owner: 'node-2', lostBefore: 0 })).jobs).toEqual([]);
      expect(await queue.settle(job, settlement())).toBe(true);
    });

    it('are given up by their owner alone', async () => {
      await accept();
      await claimOne();
      await queue.release('node-2');
      expect((await claim()).jobs).toEqual([]);
      await queue.release('node-1');
      expect((await claim()).jobs).toHaveLength(1);
    });

    it('are not given for more recipients than there is room for, unless nothing else is under way', async () => {
      await accept([sendJob(['a', 'b', 'c']), sendJob(['d', 'e', 'f']), sendJob(['g'])]);
      const first = await claim(1000, ['fcm'], { recipients: 5 });
      expect(works(first)).toEqual([sendJob(['a', 'b', 'c']).work]);
      expect((await claim(1000, ['fcm'], { recipients: 2 })).jobs).toEqual([]);
      const second = await claim(1000, ['fcm'], { recipients: 2, idle: true });
      expect(works(second)).toEqual([sendJob(['d', 'e', 'f']).work]);
    });

    it('are given for the lanes asked for only', async () => {
      await accept([expandJob(), sendJob(['a'])]);
      expect(works(await claim(1000, ['fcm']))).toEqual([sendJob(['a']).work]);
      expect((await claim(1000, ['apns'])).jobs).toEqual([]);
    });

    it('go to one of many that ask at once', async () => {
      await accept(Array.from({ length: 40 }, (_, n) => sendJob([`d${n}`])));
      const claims = await Promise.all(
        Array.from({ length: 8 }, (_, n) => claim(1000, ['fcm'], { owner: `node-${n}`, jobs: 10 })),
      );
      const rest = await claim(1000, ['fcm'], { jobs: 100 });
      const ids = [...claims, rest].flatMap(({ jobs }) => jobs.map(({ id }) => id));
      expect([...new Set(ids)]).toHaveLength(40);
      expect(ids).toHaveLength(40);
    });

    it('are not held by a job that was put off, until its time', async () => {
      await accept();
      const job = await claimOne();
      await queue.postpone(job, 5000);
      expect(await claim(4999)).toEqual({ jobs: [], nextAt: 5000 });
      expect((await claimOne(5000)).claims).toBe(2);
    });
  });

  describe('turns', () => {
    it('put a small publish before what is left of a huge one', async () => {
      await accept(Array.from({ length: 20 }, (_, n) => sendJob([`huge${n}`])));
      expect(works(await claim(1000, ['fcm'], { jobs: 1 }))).toEqual([sendJob(['huge0']).work]);
      await accept([sendJob(['small'], 1500)], { createdAt: 1500 });
      const next = works(await claim(1500, ['fcm'], { jobs: 3 }));
      expect(next).toContainEqual(sendJob(['small'], 1500).work);
    });

    it('come to a huge one however many small ones follow', async () => {
      await accept([sendJob(['huge0']), sendJob(['huge1'])]);
      await claim(1000, ['fcm'], { jobs: 1 });
      for (let n = 0; n < 5; n += 1) {
        await accept([sendJob([`small${n}`], 2001 + n)], { createdAt: 2001 + n });
      }
      expect(works(await claim(3000, ['fcm'], { jobs: 1 }))).toEqual([sendJob(['huge1']).work]);
    });

    it('put off the further audience of a huge one behind a small one', async () => {
      await accept([expandJob()]);
      const job = await claimOne();
      const pieces = Array.from({ length: 4 }, (_, n) => sendJob([`d${n}`]));
      const more: NewJob = { work: { kind: 'expand', after: 'd4' }, runAt: 1000, tries: 0 };
      await queue.settle(job, settlement({ at: 1000, next: [...pieces, more] }));
      await accept([expandJob(1100)], { createdAt: 1100 });
      expect(works(await claim(1100, ['expand'], { jobs: 1 }))).toEqual([expandJob().work]);
    });
  });

  describe('settling', () => {
    it('notes outcomes and progress, and queues what follows', async () => {
      const publicId = await accept();
      const job = await claimOne();
      const outcomes = [
        outcome('web-1', { provider: 'webpush', status: 'skipped', code: 'no_payload', tries: 0 }),
      ];
      expect(
        await queue.settle(job, settlement({ outcomes, targeted: 3, next: [sendJob(['a', 'b'])] })),
      ).toBe(true);
      const report = await queue.report(APP, publicId);
      expect(report).toMatchObject({ status: 'running', finishedAt: undefined });
      expect(report?.counts).toMatchObject({ targeted: 3, skipped: 1, sent: 0 });
      expect(works(await claim(2000))).toEqual([sendJob(['a', 'b']).work]);
    });

    it('of the last job finishes the publish', async () => {
      const publicId = await accept([sendJob(['a']), sendJob(['b'])]);
      const [first, second] = (await claim()).jobs as [Job, Job];
      await queue.settle(first, settlement({ outcomes: [outcome('a')] }));
      expect((await queue.report(APP, publicId))?.status).toBe('running');
      await queue.settle(second, settlement({ at: 3000, outcomes: [outcome('b', { status: 'failed' })] }));
      expect(await queue.report(APP, publicId)).toMatchObject({ status: 'finished', finishedAt: 3000 });
      expect((await claim(9000)).jobs).toEqual([]);
    });

    it('counts every kind of outcome, the dead as failed too', async () => {
      const publicId = await accept([sendJob(['a'])]);
      const all: Array<Outcome['status']> = ['sent', 'failed', 'dead', 'skipped', 'expired', 'cancelled'];
      const outcomes = all.map((status) => outcome(status, { status }));
      await queue.settle(await claimOne(), settlement({ outcomes, targeted: 6 }));
      expect((await queue.report(APP, publicId))?.counts).toEqual({
        targeted: 6,
        sent: 1,
        failed: 2,
        dead: 1,
        skipped: 1,
        expired: 1,
        cancelled: 1,
        delivered: 0,
        opened: 0,
      });
    });

    it('is refused to who lost the lease, and changes nothing then', async () => {
      const publicId = await accept([sendJob(['a'])]);
      const lost = await claimOne(1000, 'node-1');
      const current = await claimOne(61_000, 'node-2');
      const late = settlement({ outcomes: [outcome('a', { status: 'failed' })] });
      expect(await queue.settle(lost, late)).toBe(false);
      expect(await statuses(publicId)).toEqual([]);
      expect(await queue.settle(current, settlement({ outcomes: [outcome('a')] }))).toBe(true);
      expect(await queue.settle(current, late)).toBe(false);
      expect(await statuses(publicId)).toEqual([['a', 'sent']]);
    });

    it('keeps the first outcome of a recipient, and counts it once', async () => {
      const publicId = await accept([sendJob(['a']), sendJob(['a', 'b'])]);
      const [first, second] = (await claim()).jobs as [Job, Job];
      await queue.settle(first, settlement({ outcomes: [outcome('a')] }));
      const twice = [outcome('a', { status: 'dead' }), outcome('b', { status: 'dead' })];
      await queue.settle(second, settlement({ outcomes: twice }));
      expect(await statuses(publicId)).toEqual([
        ['a', 'sent'],
        ['b', 'dead'],
      ]);
      expect((await queue.report(APP, publicId))?.counts).toMatchObject({ sent: 1, dead: 1, failed: 1 });
    });

    it('keeps further tries until their time', async () => {
      await accept([sendJob(['a', 'b'])]);
      await queue.settle(await claimOne(), settlement({ next: [sendJob(['b'], 8000, 1)] }));
      expect(await claim(7999)).toEqual({ jobs: [], nextAt: 8000 });
      expect(await claimOne(8000)).toMatchObject({ work: sendJob(['b']).work, tries: 1 });
    });

    it('ends a publish whose time was over as expired', async () => {
      const cut = await accept();
      await queue.settle(await claimOne(), settlement({ cutShort: true }));
      expect((await queue.report(APP, cut))?.status).toBe('expired');
      const late = await accept([sendJob(['a'])]);
      await queue.settle(await claimOne(), settlement({ outcomes: [outcome('a', { status: 'expired' })] }));
      expect((await queue.report(APP, late))?.status).toBe('expired');
    });

    it('queues one notification at the end for whoever wants to know', async () => {
      const users = ['ada', 'bob', 'cleo', 'dan'];
      const target = { kind: 'users' as const, users };
      const publicId = await accept([sendJob(['a'])], { notify: true, target });
      const outcomes = [
        outcome('a1', { user: 'ada' }),
        outcome('a2', { user: 'ada', status: 'dead' }),
        outcome('b1', { user: 'bob', status: 'dead', provider: 'apns' }),
        outcome('d1', { user: 'dan', status: 'dead' }),
        outcome('d2', { user: 'dan', status: 'failed', provider: 'apns' }),
      ];
      await queue.settle(await claimOne(), settlement({ outcomes, targeted: 5 }));
      const notify = await claimOne(2000);
      expect(notify.work).toEqual({ kind: 'notify' });
      expect(await queue.finished(notify.publishId)).toMatchObject({
        publicId,
        status: 'finished',
        target,
        byProvider: [
          { provider: 'apns', sent: 0, failed: 2 },
          { provider: 'fcm', sent: 1, failed: 2 },
        ],
        users: { delivered: ['ada'], noDevices: ['bob', 'cleo'], failed: ['dan'] },
      });
      await queue.settle(notify, settlement({ at: 9000 }));
      expect((await queue.report(APP, publicId))?.finishedAt).toBe(2000);
      expect((await claim(9000)).jobs).toEqual([]);
    });

    it('takes codes and reasons of any text', async () => {
      const publicId = await accept([sendJob(['a'])]);
      const reason = 'zoë 😀 \' " \\ \u0000 end, and the letters \\u0000';
      await queue.settle(
        await claimOne(),
        settlement({ outcomes: [outcome('a', { status: 'failed', reason })] }),
      );
      const [item] = (await queue.outcomes(APP, publicId, EVERYTHING)).items;
      expect(item?.reason?.replace('\u0000', '')).toBe('zoë 😀 \' " \\  end, and the letters \\u0000');
    });

    it('takes thousands of outcomes at once', async () => {
      const publicId = await accept([sendJob(['a'])]);
      const outcomes = Array.from({ length: 3000 }, (_, n) => outcome(`d${n}`, { messageId: `m${n}` }));
      await queue.settle(await claimOne(), settlement({ outcomes }));
      expect((await queue.report(APP, publicId))?.counts.sent).toBe(3000);
    });
  });

  describe('cancelling', () => {
    it('makes the jobs that wait ready, for workers to end them', async () => {
      const publicId = await accept([expandJob(90_000)]);
      expect((await queue.report(APP, publicId))?.status).toBe('scheduled');
      expect(await queue.cancel(APP, publicId, 2000)).toBe(true);
      const job = await claimOne(2000);
      expect(job.cancelled).toBe(true);
      await queue.settle(job, settlement());
      expect(await queue.report(APP, publicId)).toMatchObject({ status: 'cancelled', finishedAt: 2000 });
    });

    it('is too late for a finished publish, and unknown for a foreign one', async () => {
      const publicId = await accept([sendJob(['a'])]);
      expect(await queue.cancel('app-2', publicId, 2000)).toBe(false);
      await queue.settle(await claimOne(), settlement());
      expect(await queue.cancel(APP, publicId, 2000)).toBe(false);
      expect(await queue.cancel(APP, 'unknown', 2000)).toBe(false);
    });
  });

  describe('outcomes', () => {
    it('are listed page by page, with what is known of each', async () => {
      const publicId = await accept([sendJob(['a'])]);
      const outcomes = [
        outcome('fcm-2', { user: 'ada', tries: 3, messageId: 'm' }),
        outcome('fcm-1', { status: 'failed', code: 'C', reason: 'because' }),
        outcome('token:abc'),
      ];
      await queue.settle(await claimOne(), settlement({ outcomes }));
      await queue.receive({
        appId: APP,
        publicId,
        deviceId: 'fcm-2',
        kind: 'opened',
        at: 4000,
        clientTime: 3999,
        flags: { appInBackground: true },
      });
      const first = await queue.outcomes(APP, publicId, { after: undefined, limit: 2 });
      expect(first.hasMore).toBe(true);
      expect(first.items).toEqual([
        {
          key: 'fcm-1',
          deviceId: 'fcm-1',
          provider: 'fcm',
          user: undefined,
          status: 'failed',
          tries: 1,
          code: 'C',
          reason: 'because',
          messageId: undefined,
          at: 2000,
          deliveredAt: undefined,
          openedAt: undefined,
        },
        expect.objectContaining({ key: 'fcm-2', user: 'ada', tries: 3, messageId: 'm', openedAt: 4000 }),
      ]);
      const rest = await queue.outcomes(APP, publicId, { after: 'fcm-2', limit: 2 });
      expect(rest).toMatchObject({ hasMore: false, items: [{ key: 'token:abc', deviceId: undefined }] });
      expect((await queue.report(APP, publicId))?.counts).toMatchObject({ delivered: 0, opened: 1 });
    });

    it('hear of a receipt once for each device and kind', async () => {
      const publicId = await accept();
      const receipt = { appId: APP, publicId, at: 1, clientTime: undefined, flags: {} };
      const news = async (deviceId: string, kind: 'delivered' | 'opened', appId = APP): Promise<boolean> =>
        queue.receive({ ...receipt, deviceId, kind, appId });
      expect(await news('d1', 'delivered')).toBe(true);
      expect(await news('d1', 'delivered')).toBe(false);
      expect(await news('d1', 'opened')).toBe(true);
      expect(await news('d2', 'delivered')).toBe(true);
      expect(await news('d3', 'delivered', 'app-2')).toBe(false);
      expect((await queue.report(APP, publicId))?.counts).toMatchObject({ delivered: 2, opened: 1 });
    });
  });

  describe('forgetting', () => {
    it('takes what was finished before a time, and nothing else', async () => {
      const old = await accept([sendJob(['a'])]);
      await queue.settle(await claimOne(), settlement({ at: 2000, outcomes: [outcome('a')] }));
      const recent = await accept([sendJob(['b'])]);
      await queue.settle(await claimOne(), settlement({ at: 3000 }));
      const open = await accept([sendJob(['c'])]);
      expect(await queue.forget(3000)).toBe(1);
      expect(await queue.report(APP, old)).toBeUndefined();
      expect(await statuses(old)).toEqual([]);
      expect((await queue.report(APP, recent))?.status).toBe('finished');
      expect((await queue.report(APP, open))?.status).toBe('running');
    });
  });

  it('says how much is waiting for workers', async () => {
    await accept([sendJob(['a']), sendJob(['b']), expandJob(), expandJob(50_000)]);
    await claim(1000, ['expand']);
    expect(await queue.backlog(1000)).toEqual(new Map([['fcm', 2]]));
  });
}
