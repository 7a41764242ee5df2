import { expect, it } from 'vitest';
import { PushMeters } from '../../../../server/telemetry/push-meters.ts';

it('counts what providers answered, and jobs, under the names that Centrifugo has', async () => {
  const meters = new PushMeters();
  meters.watch({
    inFlight: () => new Map([['fcm', 2]]),
    backlog: async () => new Map([['expand', 7]]),
  });
  const sent = {
    provider: 'fcm',
    recipientType: 'channels',
    platform: 'android',
    success: true,
    code: '',
  } as const;
  meters.attempted(sent, 500);
  meters.attempted({ ...sent, success: false, code: 'UNREGISTERED' }, 3);
  meters.jobDone('fcm', 'channels', 0.25);
  meters.scheduled('users');
  const lines = (await meters.render()).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'centrifugo_push_notification_count{provider="fcm",recipient_type="channels",platform="android",success="true",err_code=""} 500',
      'centrifugo_push_notification_count{provider="fcm",recipient_type="channels",platform="android",success="false",err_code="UNREGISTERED"} 3',
      'centrifugo_push_job_duration_seconds_sum{provider="fcm",recipient_type="channels"} 0.25',
      'centrifugo_push_scheduled_request_count{recipient_type="users"} 1',
      'centrifugo_push_consuming_inflight_jobs{provider="fcm",queue="fcm"} 2',
      'centrifugo_push_queue_consuming_lag{provider="",queue="expand"} 7',
      // Nothing waits: said, so that an alarm has something to look at.
      'centrifugo_push_queue_consuming_lag{provider="fcm",queue="fcm"} 0',
    ]),
  );
});

it('answers a scrape while the database does not', async () => {
  const meters = new PushMeters();
  meters.watch({
    inFlight: () => new Map([['fcm', 1]]),
    backlog: () => Promise.reject(new Error('the database is away')),
  });
  expect(await meters.render()).toContain(
    'centrifugo_push_consuming_inflight_jobs{provider="fcm",queue="fcm"} 1',
  );
});
