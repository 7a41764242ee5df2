/** What becomes of a Beams publish's blocks before Beams' own data comes in. */
import { describe, expect, it } from 'vitest';
import { payloadsOf } from '../../../../server/push/beams-payloads.ts';

describe('apns', () => {
  const apns = (block: object) => payloadsOf({ apns: { ...block } }).apns;

  it('keeps the dictionary and the data, and drops what is no key of the block', () => {
    expect(apns({ aps: { alert: 'Hi!', badge: 1 }, data: { k: 'v' }, other: 1 })).toEqual({
      headers: {},
      payload: { aps: { alert: 'Hi!', badge: 1 }, data: { k: 'v' } },
    });
  });

  it('has headers made of collapse_id, expiration and priority', () => {
    const { headers } = apns({ aps: {}, collapse_id: 'c', expiration: 1_700_000_000, priority: 5 }) ?? {};
    expect(headers).toEqual({
      'apns-collapse-id': 'c',
      'apns-expiration': '1700000000',
      'apns-priority': '5',
    });
  });

  it('puts an alert beside data where it belongs', () => {
    expect(apns({ alert: 'Hi!', data: { k: 'v' } })?.payload).toEqual({
      aps: { alert: 'Hi!' },
      data: { k: 'v' },
    });
  });

  it('hands on the directives to who acts on them', () => {
    const pusher = { disable_delivery_tracking: true };
    expect(apns({ aps: { alert: 'Hi!' }, pusher })?.payload).toEqual({ aps: { alert: 'Hi!' }, pusher });
  });
});

describe('fcm', () => {
  const fcm = (block: object) => payloadsOf({ fcm: { ...block } }).fcm;

  it('shows title and body, the rest of the notification is Android’s', () => {
    const notification = {
      title: 'Hi!',
      body: 'There',
      icon: 'i',
      sound: 's',
      tag: 't',
      color: '#fff',
      click_action: 'OPEN',
      android_channel_id: 'news',
      body_loc_key: 'b',
      body_loc_args: ['1'],
      title_loc_key: 'k',
      title_loc_args: '["2","3"]',
      badge: '7',
    };
    expect(fcm({ notification })).toEqual({
      notification: { title: 'Hi!', body: 'There' },
      android: {
        notification: {
          icon: 'i',
          sound: 's',
          tag: 't',
          color: '#fff',
          click_action: 'OPEN',
          body_loc_key: 'b',
          body_loc_args: ['1'],
          title_loc_key: 'k',
          title_loc_args: ['2', '3'],
          channel_id: 'news',
          notification_count: 7,
        },
      },
    });
  });

  it('makes texts of all data', () => {
    expect(fcm({ data: { a: 'x', b: 1, c: true, d: { e: [1] }, f: null } })).toEqual({
      data: { a: 'x', b: '1', c: 'true', d: '{"e":[1]}', f: 'null' },
    });
  });

  it('translates priority, collapse key and time to live', () => {
    expect(fcm({ priority: 'high', collapse_key: 'c', time_to_live: 3600 })).toEqual({
      android: { priority: 'HIGH', collapse_key: 'c', ttl: '3600s' },
    });
  });

  it('drops a badge that is no number', () => {
    expect(fcm({ notification: { badge: 'many' } })).toEqual({ notification: {} });
  });
});

describe('web', () => {
  it('always has a notification and data, and lives four weeks unless told otherwise', () => {
    expect(payloadsOf({ web: {} }).webpush).toEqual({
      ttl: 2_419_200,
      payload: { notification: {}, data: {} },
    });
    expect(payloadsOf({ web: { time_to_live: 0, data: { k: 1 } } }).webpush).toEqual({
      ttl: 0,
      payload: { notification: {}, data: { k: 1 } },
    });
  });

  it('hands on all of the notification, for handlers of the page’s own', () => {
    const notification = { title: 'Hi!', deep_link: 'https://example.com', own: { deep: 1 } };
    expect(payloadsOf({ web: { notification } }).webpush?.payload).toEqual({ notification, data: {} });
  });
});

it('a platform without a block has no payload', () => {
  expect(payloadsOf({ web: {} })).toMatchObject({ apns: undefined, fcm: undefined });
});
