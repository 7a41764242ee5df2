/** The bytes of answers, against published vectors and the server SDK. */
import { createContext, runInContext } from 'node:vm';
import Pusher from 'pusher';
import nacl from 'tweetnacl';
import { describe, expect, it } from 'vitest';
import { beamsToken } from '../../../../server/auth/beams-token.ts';
import { cookieOf, tokenOf } from '../../../../server/auth/credentials-of-request.ts';
import type { Asked } from '../../../../server/auth/identity.ts';
import { callOf, isCallbackName } from '../../../../server/auth/jsonp.ts';
import { channelAnswer, userAnswer } from '../../../../server/auth/sign-responses.ts';
import { SigningKey } from '../../../../server/lib/hmac.ts';

const KEY = '278d425bdf160c739803';
const SECRET = '7ad3773142a6692b25b8';
const signer = { key: KEY, signingKey: new SigningKey(SECRET) };
const MASTER_KEY = 'zyrm8pvV2C9fJcBfhyXzvxbJVN/H7QLmbe0xJi1GhPU=';
const masterKey = Buffer.from(MASTER_KEY, 'base64');
const sdk = new Pusher({
  appId: '1',
  key: KEY,
  secret: SECRET,
  host: 'x',
  encryptionMasterKeyBase64: MASTER_KEY,
});

describe('answers', () => {
  it('a private channel', () => {
    expect(channelAnswer(signer, '1234.1234', 'private-foobar', undefined, undefined)).toBe(
      `{"auth":"${KEY}:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"}`,
    );
  });

  it.each([
    [
      'presence-foobar',
      '{"user_id":10,"user_info":{"name":"Mr. Channels"}}',
      '31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80',
    ],
    [
      'presence-foobar',
      '{"user_id":"10","user_info":{"name":"Mr. Pusher"}}',
      '48dac51d2d7569e1e9c0f48c227d4b26f238fa68e5c0bb04222c966909c4f7c4',
    ],
    [
      'presence-room',
      '{"user_id":"42","user_info":{"name":"Zoë ✓"}}',
      '225793a998daeb0b788027ad90673735c01b5981c56a0744b6f9241ce0669ba3',
    ],
  ])('presence channel %s with %s', (channel, data, signature) => {
    expect(channelAnswer(signer, '1234.1234', channel, data, undefined)).toBe(
      JSON.stringify({ auth: `${KEY}:${signature}`, channel_data: data }),
    );
    expect(JSON.parse(channelAnswer(signer, '1234.1234', channel, data, undefined))).toEqual(
      sdk.authorizeChannel('1234.1234', channel, JSON.parse(data)),
    );
  });

  it('an encrypted channel, whose secret opens what the SDK sealed', () => {
    const answer = channelAnswer(signer, '1234.1234', 'private-encrypted-bla', undefined, masterKey);
    expect(answer).toBe(
      `{"auth":"${KEY}:804dc185c1aa4c162482e12cac7e0e6f4d19ae02095d6232a19fece1bc8f3ba5",` +
        '"shared_secret":"nlr49ISQHz91yS3cy/yWmW8wFMNeTnNL5tNHnbPJcLQ="}',
    );
    expect(answer).toBe(JSON.stringify(sdk.authorizeChannel('1234.1234', 'private-encrypted-bla')));
    const { shared_secret: secret } = JSON.parse(answer) as { shared_secret: string };
    const opened = nacl.secretbox.open(
      Buffer.from('MXL1xH6q8rI1prQqoLyfaQEidzKTCSSJmXzdaQ==', 'base64'),
      Buffer.from('AAECAwQFBgcICQoLDA0ODxAREhMUFRYX', 'base64'),
      Buffer.from(secret, 'base64'),
    );
    expect(Buffer.from(opened ?? []).toString()).toBe('{"msg":"hi"}');
  });

  it('a sign-in', () => {
    expect(userAnswer(signer, '1234.1234', '{"id":"12345"}')).toBe(
      `{"auth":"${KEY}:4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba","user_data":"{\\"id\\":\\"12345\\"}"}`,
    );
  });

  it('a Beams token', () => {
    const beams = {
      instanceId: '11111111-1111-4111-8111-111111111111',
      secretKey: 'BEAMS-TEST-SECRET-0123456789ABCDEF',
    };
    expect(beamsToken(beams, 'user-001', 1_700_000_000)).toBe(
      'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDA4NjQwMCwiaXNzIjoiaHR0cHM6Ly8xMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEucHVzaG5vdGlmaWNhdGlvbnMucHVzaGVyLmNvbSIsInN1YiI6InVzZXItMDAxIn0.wtPuNU0KFTQ1WwFf7wsMr8O-FWNnxkWdRI86RzQti18',
    );
  });
});

describe('JSONP', () => {
  it.each(['cb', '_', 'a.b.c', "Pusher.auth_callbacks['1']", 'x["a-b"][0]', '$j'])('%s is a name', (name) => {
    expect(isCallbackName(name)).toBe(true);
  });

  it.each([
    '',
    'alert(1)',
    'a;b',
    'a b',
    "a['x'+y]",
    "a['\\u0027']",
    'a[b]',
    '1a',
    'a.',
    "a['']",
    'a\n',
    'a<script>',
    '/**/a',
    `a${'.b'.repeat(100)}`,
  ])('%j is none', (name) => expect(isCallbackName(name)).toBe(false));

  it('is a call with the answer, in any JavaScript', () => {
    const call = callOf("Pusher.auth_callbacks['1']", JSON.stringify({ text: 'a\u2028b\u2029"c' }));
    expect(call).not.toMatch(/[\u2028\u2029]/);
    const got: unknown[] = [];
    const page = createContext({ Pusher: { auth_callbacks: { 1: (data: unknown) => got.push(data) } } });
    runInContext(call, page);
    expect(got).toEqual([{ text: 'a\u2028b\u2029"c' }]);
  });
});

describe('the token of a request', () => {
  const places = { header: 'Authorization', field: 'token', cookie: 'session' };
  const asked = (
    headers: Record<string, string>,
    fields: Record<string, string> = {},
    cookies = true,
  ): Asked => ({
    kind: 'channel',
    headers: new Map(Object.entries(headers)),
    fields: new Map(Object.entries(fields)),
    address: '',
    cookies,
  });

  it('header, then field, then cookie', () => {
    const all = asked({ authorization: 'Bearer h', cookie: 'session=c' }, { token: 'f' });
    expect(tokenOf(all, places)).toBe('h');
    expect(tokenOf(asked({ cookie: 'session=c' }, { token: 'f' }), places)).toBe('f');
    expect(tokenOf(asked({ cookie: 'session=c' }), places)).toBe('c');
    expect(tokenOf(asked({}), places)).toBeUndefined();
  });

  it('only where the settings say', () => {
    expect(tokenOf(asked({ cookie: 'session=c' }, { token: 'f' }), { header: 'X-Token' })).toBeUndefined();
    expect(tokenOf(asked({ 'x-token': 'bare' }), { header: 'X-Token' })).toBe('bare');
    expect(tokenOf(asked({ cookie: 'session=c' }, {}, false), places)).toBeUndefined();
  });

  it('another scheme is none', () => {
    expect(tokenOf(asked({ authorization: 'Basic abc' }), places)).toBeUndefined();
    expect(tokenOf(asked({ authorization: 'bearer  abc ' }), places)).toBe('abc');
  });

  it('cookies by their whole name', () => {
    expect(cookieOf('xsession=1; session="2"; session=3', 'session')).toBe('2');
    expect(cookieOf('sessio=1', 'session')).toBeUndefined();
  });
});
