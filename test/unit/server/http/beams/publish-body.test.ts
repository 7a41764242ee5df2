/** What is wrong with a publish, in the words of Beams' schema checker. */
import { describe, expect, it } from 'vitest';
import { askedPublishOf } from '../../../../../server/http/beams/publish-body.ts';

const web = { notification: { title: 'Hi!' } };
const toInterests = (body: object) => askedPublishOf({ ...body }, 'interests');
const toUsers = (body: object) => askedPublishOf({ ...body }, 'users');
const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `name-${n}`);

describe('a publish to interests', () => {
  it.each<[object, string]>([
    [{ web }, '`interests`: interests is required'],
    [{ web, interests: 'a' }, '`interests`: Invalid type. Expected: array, given: string'],
    [{ web, interests: [] }, '`interests`: Array must have at least 1 items'],
    [{ web, interests: names(101) }, '`interests`: Array must have at most 100 items'],
    [{ web, interests: ['a', 1] }, '`interests.1`: Invalid type. Expected: string, given: integer'],
    [{ web, interests: [''] }, '`interests.0`: String length must be greater than or equal to 1'],
    [{ web, interests: ['x'.repeat(165)] }, '`interests.0`: String length must be less than or equal to 164'],
    [{ web, interests: ['a:b'] }, "`interests.0`: Does not match pattern '^[a-zA-Z0-9_\\-=@,.;]+$'"],
    [{ web, interests: ['a'], users: ['u'] }, '`(root)`: Additional property users is not allowed'],
    [{ interests: ['a'] }, '`(root)`: Must validate at least one schema (anyOf)'],
    [{ interests: ['a'], web: 'x' }, '`web`: Invalid type. Expected: object, given: string'],
    [
      { interests: ['a'], web: { data: { pusher: {} } } },
      '`web.data`: Additional property pusher is not allowed',
    ],
    [
      { interests: ['a'], web: { time_to_live: -1 } },
      '`web.time_to_live`: Must be greater than or equal to 0',
    ],
    [
      { interests: ['a'], web: { time_to_live: 2_419_201 } },
      '`web.time_to_live`: Must be less than or equal to 2419200',
    ],
    [
      { interests: ['a'], web: { time_to_live: 1.5 } },
      '`web.time_to_live`: Invalid type. Expected: integer, given: number',
    ],
    [
      { interests: ['a'], web: { notification: { title: 1 } } },
      '`web.notification.title`: Invalid type. Expected: string, given: integer',
    ],
    [
      { interests: ['a'], web: { notification: { hide_notification_if_site_has_focus: 'yes' } } },
      '`web.notification.hide_notification_if_site_has_focus`: Invalid type. Expected: boolean, given: string',
    ],
    [
      { interests: ['a'], fcm: { data: { from: 'x' } } },
      '`fcm.data`: Additional property from is not allowed',
    ],
    [
      { interests: ['a'], fcm: { data: { 'gcm.x': 'x' } } },
      '`fcm.data`: Additional property gcm.x is not allowed',
    ],
    [
      { interests: ['a'], fcm: { priority: 'urgent' } },
      '`fcm.priority`: priority must be one of the following: "normal", "high"',
    ],
    [{ interests: ['a'], apns: { aps: [] } }, '`apns.aps`: Invalid type. Expected: object, given: array'],
    [
      { interests: ['a'], apns: { priority: 7 } },
      '`apns.priority`: priority must be one of the following: 5, 10',
    ],
    [
      { interests: ['a'], apns: { pusher: { disable_delivery_tracking: 1 } } },
      '`apns.pusher.disable_delivery_tracking`: Invalid type. Expected: boolean, given: integer',
    ],
    [{ interests: ['a'], web, webhookUrl: 'ftp://x' }, "`webhookUrl`: Does not match format 'uri'"],
    [
      { interests: ['a'], web, webhookUrl: null },
      '`webhookUrl`: Invalid type. Expected: string, given: null',
    ],
    [{ interests: ['a'], web, send_at: 'x' }, '`send_at`: Invalid type. Expected: integer, given: string'],
    [{ interests: ['a'], web, send_at: 2, expire_at: 2 }, '`expire_at`: Must be later than send_at'],
  ])('%j is refused', (body, sentence) => {
    expect(toInterests(body)).toBe(sentence);
  });

  it('takes 100 interests of 164 characters, each once', () => {
    const interests = [...names(98), 'x'.repeat(164), 'a;=@,.-_Z9'];
    expect(toInterests({ web, interests })).toMatchObject({ target: { kind: 'interests', interests } });
    expect(toInterests({ web, interests: ['a', 'b', 'a'] })).toMatchObject({
      target: { interests: ['a', 'b'] },
    });
  });

  it('ignores keys it does not know, and the order of those it knows', () => {
    expect(toInterests({ unknown: 1, web, interests: ['a'] })).toEqual(
      toInterests({ interests: ['a'], web }),
    );
  });

  it('has times in seconds, and an address for webhooks', () => {
    const body = {
      web,
      interests: ['a'],
      send_at: 10,
      expire_at: 20,
      webhookUrl: 'https://u:p@example.com/x',
    };
    expect(toInterests(body)).toMatchObject({
      sendAt: 10_000,
      expiresAt: 20_000,
      webhookUrl: 'https://u:p@example.com/x',
    });
  });
});

describe('a publish to users', () => {
  it.each<[object, string]>([
    [{ web }, '`users`: users is required'],
    [{ web: {}, users: ['u', 'u'] }, '`users`: array items must be unique'],
    [{ web, users: names(1001) }, '`users`: Array must have at most 1000 items'],
    [{ web, users: [''] }, '`users.0`: String length must be greater than or equal to 1'],
    [{ web, users: ['😀'.repeat(165)] }, '`users.0`: String length must be less than or equal to 164'],
    [{ web, users: ['a\0'] }, "`users.0`: Does not match pattern '^[^\\0]*$'"],
    [{ web, users: ['u'], interests: ['a'] }, '`(root)`: Additional property interests is not allowed'],
  ])('%j is refused', (body, sentence) => {
    expect(toUsers(body)).toBe(sentence);
  });

  it('takes 1000 users with any characters', () => {
    const users = [...names(999), '😀'.repeat(164)];
    expect(toUsers({ web, users })).toMatchObject({ target: { kind: 'users', users } });
  });
});
