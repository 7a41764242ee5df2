/** Who joins a presence channel, out of channel_data. PROTOCOL.md, "Presence". */
import { describe, expect, it } from 'vitest';
import { parseMember } from '../../../../server/channels/member.ts';
import { configFrom } from '../../../../server/config/parse.ts';

const [app] = configFrom({ apps: [{ id: '1', key: 'key', secret: 'secret' }] }).apps;
const parse = (channelData: string) => {
  if (app === undefined) throw new Error('the app is configured');
  return parseMember(channelData, app.limits);
};

describe('parseMember', () => {
  it.each([
    ['{"user_id":"7"}', '7'],
    ['{"user_id":7}', '7'],
    ['{"user_id":-7}', '-7'],
    ['{"user_id":1e3}', '1000'],
    ['{"user_id":9007199254740993}', '9007199254740993'],
    ['{"user_id":12345678901234567890}', '12345678901234567890'],
    ['{"user_id":"__proto__"}', '__proto__'],
    ['{"user_id":"\\ud83d\\ude00"}', '😀'],
    ['{"user_id":1,"user_id":2}', '2'],
  ])('%s is user %s', (channelData, userId) =>
    expect(parse(channelData)).toEqual({ userId, userInfo: undefined }),
  );

  it('keeps user_info as it was written', () => {
    expect(parse('{"user_id":7,"user_info":{ "n": 1.0, "big":12345678901234567890 }}')).toEqual({
      userId: '7',
      userInfo: '{ "n": 1.0, "big":12345678901234567890 }',
    });
  });

  it.each([
    ['not json', 400],
    ['[]', 400],
    ['{}', 400],
    ['{"user_id":""}', 400],
    ['{"user_id":null}', 400],
    ['{"user_id":true}', 400],
    ['{"user_id":{}}', 400],
    ['{"user_id":"\\ud800"}', 400],
    ['{"user_id":"\\ude00\\ud83d"}', 400],
    ['{"user_id":1e400}', 400],
    ['{"user_id":"7","user_info":"x"}', 400],
    ['{"user_id":"7","user_info":[]}', 400],
    [`{"user_id":"${'x'.repeat(129)}"}`, 413],
    [`{"user_id":"7","user_info":{"n":"${'x'.repeat(1024)}"}}`, 413],
  ])('%s is refused with %i', (channelData, status) => {
    expect(parse(channelData)).toMatchObject({ refused: true, status });
  });
});
