import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../server/config/config-error.ts';
import { settings } from '../../../server/config/settings.ts';
import { kindOf } from '../../../server/config/value-kind.ts';
import { ONE_APP, parse, problems } from './support.ts';

describe('config: problems', () => {
  it('reports all of them at once, each by the name the user wrote', () => {
    const files = { 'c.yaml': 'drainSeconds: soon\nlimits:\n  badFrames: 0\n' };
    expect(
      problems({
        files,
        env: { CARILLON_PORT: 'http', CARILLON_CONFIG: 'c.yaml', CARILLON_APP_ID: '1' },
        flags: ['--limits.frame-bytes=1', '--mode', 'staging'],
      }),
    ).toEqual([
      'CARILLON_PORT must be a whole number from 0 to 65535, but is "http"',
      '--mode must be one of development, production, but is "staging"',
      'c.yaml: drainSeconds must be a whole number from 0 to 3600, but is "soon"',
      '--limits.frame-bytes must be a whole number from 1024 to 16777216, but is 1',
      'c.yaml: limits.badFrames must be a whole number from 1 to 1000000, but is 0',
      'CARILLON_APP_KEY is missing; an app needs it beside CARILLON_APP_ID',
      'CARILLON_APP_SECRET is missing; an app needs it beside CARILLON_APP_ID',
    ]);
  });

  it('holds every number to its range, at both ends', () => {
    for (const setting of settings) {
      const kind = kindOf(setting.schema);
      if (kind.type !== 'whole') continue;
      expect(setting.schema.safeParse(kind.min).success).toBe(true);
      expect(setting.schema.safeParse(kind.max).success).toBe(true);
      for (const wrong of [kind.min - 1, kind.max + 1, kind.min + 0.5, Number.NaN, '1']) {
        expect(setting.schema.safeParse(wrong).success, `${setting.path} ${wrong}`).toBe(false);
      }
    }
  });

  it('suggests the nearest name for an unknown key of a file', () => {
    const files = { 'c.json': '{"prot":1,"frameBytes":2,"limits":{"framebytes":3},"zzz":{"a":1}}' };
    expect(problems({ files, flags: ['--config', 'c.json'] })).toEqual([
      'c.json: prot is not a setting; did you mean port?',
      'c.json: frameBytes is not a setting; did you mean limits.frameBytes?',
      'c.json: limits.framebytes is not a setting; did you mean frameBytes?',
      'c.json: zzz is not a setting',
    ]);
  });

  it('suggests the nearest name for an unknown flag, and complains once', () => {
    expect(problems({ flags: ['--prot', '7000'] })).toEqual([
      '--prot is not an option; did you mean --port?',
    ]);
    expect(problems({ flags: ['--limits.frameBytes=1'] })).toEqual([
      '--limits.frameBytes is not an option; did you mean --limits.frame-bytes?',
    ]);
    expect(problems({ flags: ['--frame-bytes', '2048'] })).toEqual([
      '--frame-bytes is not an option; did you mean --limits.frame-bytes?',
    ]);
    expect(problems({ flags: ['-p', '7000'] })).toEqual(['-p is not an option; did you mean --port?']);
    expect(problems({ flags: ['--no-port'] })[0]).toContain('--no-port is not an option');
  });

  it('refuses a flag without its value, and arguments that are not flags', () => {
    expect(problems({ flags: ['--port', '--trust-proxy', 'extra'] })).toEqual([
      '--port needs a value after it',
      'extra is one argument too many; flags start with --',
    ]);
  });

  it('refuses a value where a group belongs', () => {
    const files = { 'c.json': '{"limits":5,"app":"1:key:hush"}', 'd.json': '[1]' };
    expect(problems({ files, flags: ['--config', 'c.json'] })).toEqual([
      'c.json: limits must be a group of settings, but is a number',
      'c.json: app must be a group of settings, but is a text of 10 characters',
    ]);
    expect(problems({ files, flags: ['--config', 'd.json'] })).toEqual([
      'd.json must be a group of settings, but is a list',
    ]);
  });

  it('is not taken in by names that every object has', () => {
    const files = { 'c.json': '{"__proto__":{"port":1},"constructor":1,"limits":{"toString":1}}' };
    expect(problems({ files, flags: ['--config', 'c.json'] })).toEqual([
      'c.json: __proto__ is not a setting',
      'c.json: constructor is not a setting',
      'c.json: limits.toString is not a setting',
    ]);
  });

  it('refuses origins that could never match', () => {
    const files = { 'c.json': '{"appDefaults":{"allowedOrigins":["*","https://example.com/path",5]}}' };
    const found = problems({ files, flags: ['--config', 'c.json'] });
    expect(found).toHaveLength(2);
    expect(found[0]).toContain('c.json: appDefaults.allowedOrigins[1] must be an origin such as');
    expect(found[1]).toContain('c.json: appDefaults.allowedOrigins[2] must be an origin such as');
  });

  it('wants certificate and key together, and readable', () => {
    expect(problems({ env: { CARILLON_TLS_CERT_FILE: 'cert.pem' }, files: { 'cert.pem': '' } })).toEqual([
      'CARILLON_TLS_KEY_FILE is missing; TLS needs a certificate and its key',
    ]);
    expect(problems({ flags: ['--tls.cert-file=cert.pem', '--tls.key-file=key.pem'] })).toEqual([
      "--tls.cert-file names cert.pem, which doesn't exist",
      "--tls.key-file names key.pem, which doesn't exist",
    ]);
    const files = { 'cert.pem': '', 'key.pem': '' };
    const { config } = parse({ files, flags: ['--tls.cert-file=cert.pem', '--tls.key-file=key.pem'] });
    expect(config.tls).toEqual({ certFile: 'cert.pem', keyFile: 'key.pem', passphrase: undefined });
  });

  it('wants a body to hold a full batch, and says how large that is', () => {
    const env = { ...ONE_APP, CARILLON_EVENTS_PER_BATCH: '100' };
    expect(problems({ env })).toEqual([
      'limits.bodyBytes is 1048576, but a full batch of app 7 (100 events of 10240 bytes) can take 2113536; ' +
        "set it to at least 2113536, or lower the app's eventsPerBatch or eventDataBytes",
    ]);
    expect(problems({ env, flags: ['--limits.body-bytes=2113535'] })[0]).toMatch(/^--limits\.body-bytes is/);
    expect(parse({ env, flags: ['--limits.body-bytes=2113536'] }).config.limits.bodyBytes).toBe(2_113_536);
  });

  it('shows warnings with the problems, since a misspelled variable may be the cause', () => {
    const env = { NODE_ENV: 'production', CARILLON_AP_KEY: 'k' };
    expect(() => parse({ env })).toThrow(ConfigError);
    expect(() => parse({ env })).toThrow('CARILLON_AP_KEY is not a setting; did you mean CARILLON_APP_KEY?');
  });
});
