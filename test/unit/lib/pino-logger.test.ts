import { describe, expect, it } from 'vitest';
import { jsonLogger, readableLogger } from '../../../server/lib/pino-logger.ts';

describe('logger', () => {
  it('writes JSON lines at its level and above', () => {
    const lines: string[] = [];
    const logger = jsonLogger('warn', { write: (line) => lines.push(line) });
    logger.info({}, 'too quiet');
    logger.warn({ port: 6001 }, 'listening');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 40, port: 6001, msg: 'listening' });
  });

  it('never writes a secret that is logged by accident', () => {
    const lines: string[] = [];
    const logger = jsonLogger('info', { write: (line) => lines.push(line) });
    const credentials = [{ key: 'k', secret: 'hush-hush' }];
    logger.info(
      { secret: 'hush-hush', app: { id: '1', credentials }, tls: { passphrase: 'hush-hush' } },
      'x',
    );
    logger.info({ credentials }, 'x');
    expect(lines.join('')).not.toContain('hush');
  });

  it('writes for people in development: time, level, phrase, fields', () => {
    const lines: string[] = [];
    const logger = readableLogger('debug', (line) => lines.push(line));
    logger.info({ host: '127.0.0.1', note: 'two words' }, 'listening');
    logger.error({ err: new Error('boom') }, 'failed');
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} info {2}listening host=127\.0\.0\.1 note="two words"\n$/,
    );
    expect(lines[1]).toMatch(/^\S+ error failed\n {4}Error: boom\n {8}at /);
  });
});
