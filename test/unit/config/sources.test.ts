import { describe, expect, it } from 'vitest';
import { settings } from '../../../server/config/settings.ts';
import { ONE_APP, parse, problems } from './support.ts';

describe('config: sources', () => {
  it('has complete defaults', () => {
    const { config } = parse({ env: ONE_APP });
    expect(config).toMatchObject({
      mode: 'development',
      host: '0.0.0.0',
      port: 6001,
      tls: undefined,
      trustProxy: false,
      logLevel: 'debug',
      limits: {
        connections: 0,
        frameBytes: 65_536,
        bodyBytes: 1_048_576,
        outgoingBytes: 1_048_576,
        badFrames: 100,
      },
      cache: { maxEntries: 100_000, maxBytes: 67_108_864 },
      warmUp: true,
      drainSeconds: 5,
      console: true,
      developmentApp: undefined,
    });
  });

  it('lets flags win over the environment, and the environment over the file', () => {
    const files = { 'c.json': '{"port":1,"drainSeconds":1,"limits":{"badFrames":1}}' };
    const env = { CARILLON_CONFIG: 'c.json', CARILLON_PORT: '2', CARILLON_DRAIN_SECONDS: '2' };
    const { config } = parse({ files, env, flags: ['--port', '3'] });
    expect([config.port, config.drainSeconds, config.limits.badFrames]).toEqual([3, 2, 1]);
  });

  it('reads the same settings from JSON, YAML and TOML', () => {
    const files = {
      'c.json':
        '{"port":7000,"appDefaults":{"allowedOrigins":["*.example.com"]},"limits":{"frameBytes":2048}}',
      'c.yaml':
        'port: 7000\nappDefaults:\n  allowedOrigins: ["*.example.com"]\nlimits:\n  frameBytes: 2048\ncache:\n',
      'c.toml':
        'port = 7000\n[appDefaults]\nallowedOrigins = ["*.example.com"]\n[limits]\nframeBytes = 2048\n',
    };
    for (const file of Object.keys(files)) {
      const { config } = parse({ files, flags: ['--config', file] });
      expect([config.port, config.limits.frameBytes, config.apps[0]?.allowedOrigins]).toEqual([
        7000,
        2048,
        ['*.example.com'],
      ]);
    }
  });

  it('takes the file that the flag names over the one of the environment', () => {
    const files = { 'a.json': '{"port":1}', 'b.json': '{"port":2}' };
    const { config } = parse({ files, env: { CARILLON_CONFIG: 'a.json' }, flags: ['--config=b.json'] });
    expect(config.port).toBe(2);
  });

  it('treats an empty file as one without settings', () => {
    for (const name of ['c.json', 'c.yaml', 'c.toml']) {
      expect(parse({ files: { [name]: '' }, flags: ['--config', name] }).config.port).toBe(6001);
    }
  });

  it('says why a file cannot be used, by the name of the flag or variable that named it', () => {
    expect(problems({ flags: ['--config', 'no.yaml'] })).toEqual([
      "--config names no.yaml, which doesn't exist",
    ]);
    expect(problems({ env: { CARILLON_CONFIG: 'c.ini' }, files: { 'c.ini': '' } })).toEqual([
      'CARILLON_CONFIG names c.ini, which has an unknown format; name it .json, .yaml, .yml or .toml',
    ]);
  });

  it('says where a file is malformed without quoting it', () => {
    const files = {
      'c.json': '{"app":{"secret":"hush-hush"},}',
      'c.yaml': 'app:\n  secret: hush-hush\n  secret: hush-hush\n',
      'd.yaml': 'app:\n  secret: *hush-hush\n',
      'c.toml': 'port = 1\nsecret = hush-hush\n',
    };
    for (const file of Object.keys(files)) {
      const [problem] = problems({ files, flags: ['--config', file] });
      expect(problem).toContain(`--config names ${file}, which is not valid`);
      expect(problem).not.toContain('hush');
    }
    expect(problems({ files, flags: ['--config', 'c.yaml'] })[0]).toContain('line 3');
    expect(problems({ files, flags: ['--config', 'c.toml'] })[0]).toContain('line 2');
  });

  it('says why a file is malformed', () => {
    const reasons: ReadonlyArray<readonly [string, string, string]> = [
      ['c.json', '{"port" 1}', "at character 9: expected ':'"],
      [
        'c.json',
        '{\n  "port": hush\n}',
        'line 2, column 11: an unexpected character; texts go in double quotes',
      ],
      ['c.json', '{"port":1,}', 'at character 11: expected a name in double quotes; a comma too many?'],
      ['c.json', '{"port":1', "at character 10: expected ',' or '}'"],
      ['c.json', '{"app":tru', 'at character 11: it ends too early'],
      [
        'c.yaml',
        'app: {id: "1"\n',
        'line 2, column 1: wrong indentation, or a list or quote that is not closed',
      ],
      ['c.yaml', 'mode: "hush', 'a missing character, such as a closing quote'],
      ['c.yaml', 'port: 1\nport: 2\n', 'line 2, column 1: a name stands twice'],
      ['c.yaml', 'app:\n\tid: "1"\n', 'a tab where spaces belong'],
      ['c.toml', 'port 7000', "line 1, column 6: expected '=' after a name"],
      ['c.toml', 'mode = hush', 'line 1, column 8: a missing or wrong value; texts go in quotes'],
      ['c.toml', 'mode = "hush', 'a text without its closing quote'],
    ];
    for (const [file, text, reason] of reasons) {
      const [problem] = problems({ files: { [file]: text }, flags: ['--config', file] });
      expect(problem).toContain(reason);
      expect(problem).not.toContain('hush');
    }
    expect(problems({ env: { CARILLON_APPS: '[{"secret":hush' } })).toEqual([
      'CARILLON_APPS is not valid JSON (at character 12: an unexpected character; texts go in double quotes)',
    ]);
  });

  it('names every setting once in each spelling', () => {
    for (const spelling of ['path', 'env', 'flag'] as const) {
      const names = settings.map((setting) => setting[spelling]);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('keeps the names that others build on', () => {
    const env = new Set(settings.map((setting) => setting.env));
    for (const name of [
      'HOST',
      'PORT',
      'MODE',
      'APP_ID',
      'APP_KEY',
      'APP_SECRET',
      'APPS',
      'LOG_LEVEL',
      'PRESENCE_MAX_MEMBERS',
      'CLIENT_EVENTS_PER_SECOND',
      'CLIENT_EVENTS',
      'WATCHLIST_SIZE',
      'LIMITS_FRAME_BYTES',
    ]) {
      expect(env).toContain(`CARILLON_${name}`);
    }
  });

  it('reads toggles, whole numbers and lists from text', () => {
    const { config } = parse({
      env: {
        CARILLON_TRUST_PROXY: 'yes',
        CARILLON_CLIENT_EVENTS: 'off',
        CARILLON_CLIENT_EVENTS_PER_SECOND: '0',
        CARILLON_PRESENCE_MAX_MEMBERS: '5000',
        CARILLON_ALLOWED_ORIGINS: 'https://example.com, *.example.org',
      },
    });
    expect(config.trustProxy).toBe(true);
    expect(config.apps[0]).toMatchObject({
      allowedOrigins: ['https://example.com', '*.example.org'],
      features: { clientEvents: false },
      limits: { clientEventsPerSecond: 0, presenceMaxMembers: 5000 },
    });
  });

  it('counts an empty variable as not set', () => {
    expect(parse({ env: { CARILLON_PORT: '', CARILLON_CONFIG: '' } }).config.port).toBe(6001);
  });

  it('takes toggles as flags alone, negated, and with a value', () => {
    expect(parse({ flags: ['--trust-proxy'] }).config.trustProxy).toBe(true);
    expect(parse({ flags: ['--no-console'] }).config.console).toBe(false);
    expect(parse({ flags: ['--console', 'false', '--port', '1'] }).config).toMatchObject({
      console: false,
      port: 1,
    });
    expect(parse({ flags: ['--console=off'] }).config.console).toBe(false);
  });

  it('warns of a variable it does not know and suggests the nearest, but starts', () => {
    const { warnings } = parse({ env: { CARILLON_PROT: '1', CARILLON_SOMETHING_ELSE: '1', OTHER: '1' } });
    expect(warnings).toEqual([
      'CARILLON_PROT is not a setting; did you mean CARILLON_PORT?',
      'CARILLON_SOMETHING_ELSE is not a setting',
    ]);
  });

  it('returns a configuration that cannot be changed', () => {
    const { config } = parse({ env: ONE_APP });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.apps[0]?.limits)).toBe(true);
  });
});
