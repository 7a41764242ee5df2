import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { type PushGauges, prometheusPush } from '../../../../server/telemetry/prometheus-push.ts';

it('counts what providers answered, and jobs, under the names that Centrifugo has', async () => {
  const registry = new Registry();
  let gauges: ReturnType<PushGauges>;
  const metrics = prometheusPush(registry, () => gauges);
  expect(await registry.metrics()).not.toContain('centrifugo_push_queue_consuming_lag{');
  gauges = {
    inFlight: () => new Map([['fcm', 2]]),
    backlog: async () => new Map([['expand', 7]]),
  };
  const sent = {
    provider: 'fcm',
    recipientType: 'channels',
    platform: 'android',
    success: true,
    code: '',
  } as const;
  metrics.attempted(sent, 500);
  metrics.attempted({ ...sent, success: false, code: 'UNREGISTERED' }, 3);
  metrics.jobDone('fcm', 'channels', 0.25);
  metrics.scheduled('users');
  const lines = (await registry.metrics()).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'centrifugo_push_notification_count{provider="fcm",recipient_type="channels",platform="android",success="true",err_code=""} 500',
      'centrifugo_push_notification_count{provider="fcm",recipient_type="channels",platform="android",success="false",err_code="UNREGISTERED"} 3',
      'centrifugo_push_job_duration_seconds_sum{provider="fcm",recipient_type="channels"} 0.25',
      'centrifugo_push_scheduled_request_count{recipient_type="users"} 1',
      'centrifugo_push_consuming_inflight_jobs{provider="fcm",queue="fcm"} 2',
      'centrifugo_push_queue_consuming_lag{provider="",queue="expand"} 7',
    ]),
  );
});

it('answers a scrape while the database does not', async () => {
  const registry = new Registry();
  prometheusPush(registry, () => ({
    inFlight: () => new Map(),
    backlog: () => Promise.reject(new Error('the database is away')),
  }));
  expect(await registry.metrics()).toContain('centrifugo_push_consuming_inflight_jobs');
});
