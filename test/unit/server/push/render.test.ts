/** What Beams' SDKs find in notifications, and texts with placeholders. */
import { describe, expect, it } from 'vitest';
import { fillTexts } from '../../../../server/push/message-texts.ts';
import type { Payloads } from '../../../../server/push/payloads.ts';
import { renderPayload } from '../../../../server/push/render.ts';

const instanceId = '11111111-1111-4111-8111-111111111111';
const publishId = 'pubid-33333333-3333-4333-8333-333333333333';
const MARK = { instanceId, publishId };

describe('FCM', () => {
  const render = (fcm: object): unknown => renderPayload('fcm', { fcm }, MARK, true);

  it('has what Beams needs as a text, and a click that is reported before it does what was meant', () => {
    expect(
      render({
        notification: { title: 'Hi' },
        android: { priority: 'HIGH', notification: { click_action: 'OPEN', icon: 'i' } },
        data: { k: 'v' },
      }),
    ).toEqual({
      notification: { title: 'Hi' },
      android: {
        priority: 'HIGH',
        notification: { click_action: 'com.pusher.pushnotifications.OPEN_TRACKING', icon: 'i' },
      },
      data: {
        k: 'v',
        pusher: `{"instanceId":"${instanceId}","publishId":"${publishId}","clickAction":"OPEN","hasDisplayableContent":true,"hasData":true}`,
      },
    });
  });

  it('says when there is nothing to show, or no data', () => {
    expect(render({ data: { k: 'v' } })).toEqual({
      data: {
        k: 'v',
        pusher: `{"instanceId":"${instanceId}","publishId":"${publishId}","hasDisplayableContent":false,"hasData":true}`,
      },
    });
    expect(render({ notification: { body: 'b' } })).toEqual({
      notification: { body: 'b' },
      android: { notification: { click_action: 'com.pusher.pushnotifications.OPEN_TRACKING' } },
      data: {
        pusher: `{"instanceId":"${instanceId}","publishId":"${publishId}","hasDisplayableContent":true,"hasData":false}`,
      },
    });
  });
});

describe('APNs', () => {
  const render = (payload: object, throughBeams = true): unknown =>
    renderPayload('apns', { apns: { headers: { 'apns-priority': '5' }, payload } }, MARK, throughBeams);

  it('wakes the app, and has what Beams needs as an object', () => {
    const rendered = render({ aps: { alert: 'Hi!' }, data: { k: 'v' } });
    expect(rendered).toEqual({
      headers: { 'apns-priority': '5' },
      payload: { aps: { alert: 'Hi!', 'content-available': 1 }, data: { k: 'v', pusher: MARK } },
    });
    expect(JSON.stringify((rendered as { payload: object }).payload)).toBe(
      `{"aps":{"alert":"Hi!","content-available":1},"data":{"k":"v","pusher":{"instanceId":"${instanceId}","publishId":"${publishId}"}}}`,
    );
  });

  it('does not wake the app when delivery tracking is disabled; the directive itself is not sent', () => {
    expect(render({ aps: { alert: 'Hi!' }, pusher: { disable_delivery_tracking: true } })).toEqual({
      headers: { 'apns-priority': '5' },
      payload: { aps: { alert: 'Hi!' }, data: { pusher: MARK } },
    });
  });

  it('keeps a field of another sender that is called the same', () => {
    expect(render({ aps: {}, pusher: 'mine' }, false)).toMatchObject({ payload: { pusher: 'mine' } });
  });

  it('leaves alone data that has no room', () => {
    expect(render({ aps: {}, data: 'text' }, false)).toMatchObject({ payload: { aps: {}, data: 'text' } });
  });
});

describe('Web Push', () => {
  const render = (payload: object): unknown => {
    const rendered = renderPayload('webpush', { webpush: { ttl: 60, payload } }, MARK, true);
    return (rendered as { payload: object }).payload;
  };

  it('always has a notification, which the service worker reads', () => {
    expect(JSON.stringify(render({ data: { k: 'v' } }))).toBe(
      `{"data":{"k":"v","pusher":{"instanceId":"${instanceId}","publishId":"${publishId}","hasDisplayableContent":false,"hasData":true}},"notification":{}}`,
    );
  });

  it('can be shown if it has a title or a body', () => {
    const displayable = (notification: object): unknown =>
      (render({ notification }) as { data: { pusher: Record<string, unknown> } }).data.pusher[
        'hasDisplayableContent'
      ];
    expect(displayable({ title: 'Hello' })).toBe(true);
    expect(displayable({ body: 'Hello' })).toBe(true);
    expect(displayable({ title: '', icon: 'i' })).toBe(false);
  });

  it('keeps how it is to be sent', () => {
    expect(
      renderPayload('webpush', { webpush: { ttl: 60, urgency: 'high', payload: {} } }, MARK, true),
    ).toMatchObject({ ttl: 60, urgency: 'high' });
  });
});

it('what has nothing to do with Beams goes as it is', () => {
  const payloads: Payloads = { fcm: { data: {} }, hms: { data: 'x' } };
  expect(renderPayload('fcm', payloads, undefined, false)).toBe(payloads.fcm);
  expect(renderPayload('hms', payloads, MARK, true)).toBe(payloads.hms);
  expect(renderPayload('apns', payloads, MARK, true)).toBeUndefined();
});

describe('placeholders', () => {
  it('are replaced in all spellings, deep in the payload, and nothing is escaped', () => {
    const payload = { a: ['{{name}}', { b: '{{{name}}} {{&name}} {{ name }}' }], n: 1, nothing: null };
    expect(fillTexts(payload, { name: '<A&B>' })).toEqual({
      a: ['<A&B>', { b: '<A&B> <A&B> <A&B>' }],
      n: 1,
      nothing: null,
    });
  });

  it('that have no value become nothing', () => {
    expect(fillTexts('{{a}}|{{b}}|{{toString}}|{{__proto__}}', { b: null })).toBe('|||');
  });

  it('reach into values, and write out what is no text', () => {
    expect(fillTexts('{{a.b}} {{n}} {{o}} {{x.y}}', { a: { b: 'c' }, n: 2, o: { p: [1] }, 'x.y': 'z' })).toBe(
      'c 2 {"p":[1]} z',
    );
  });

  it('leave other braces alone, and values are not looked into again', () => {
    expect(fillTexts('{a} {{}} $& {{a}}', { a: '{{b}} $1', b: 'no' })).toBe('{a} {{}} $& {{b}} $1');
  });
});
