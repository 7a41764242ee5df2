/** Which origins a list of patterns lets in. PROTOCOL.md, "Connecting". */
import { describe, expect, it } from 'vitest';
import { originAllowed } from '../../../server/socket/origin.ts';

describe('originAllowed', () => {
  it.each([
    ['https://example.com', 'https://example.com'],
    ['https://EXAMPLE.com', 'https://example.COM'],
    ['https://example.com', 'https://example.com:443'],
    ['http://example.com', 'http://example.com:80'],
    ['https://example.com:8443', 'https://example.com:8443'],
    ['https://example.com:8443', 'example.com'],
    ['http://example.com', 'example.com'],
    ['http://localhost:3000', 'localhost:3000'],
    ['https://a.b.example.com', '*.example.com'],
    ['https://a.example.com', 'https://*.example.com'],
    ['https://a.example.com:8443', 'https://*.example.com:8443'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
    ['capacitor://localhost', 'capacitor://localhost'],
    ['null', '*'],
  ])('%s is let in by %s', (origin, pattern) => expect(originAllowed(origin, [pattern])).toBe(true));

  it.each([
    ['http://example.com', 'https://example.com'],
    ['https://example.com:8443', 'https://example.com'],
    ['https://example.com', 'example.com:8443'],
    ['https://example.com', '*.example.com'],
    ['https://badexample.com', '*.example.com'],
    ['https://example.com.evil.org', 'example.com'],
    ['https://evil.org/example.com', 'example.com'],
    ['http://a.example.com', 'https://*.example.com'],
    ['null', 'https://example.com'],
  ])('%s is kept out by %s', (origin, pattern) => expect(originAllowed(origin, [pattern])).toBe(false));

  it('no patterns let all in, and no origin passes all patterns', () => {
    expect(originAllowed('https://anything.org', [])).toBe(true);
    expect(originAllowed('', ['https://example.com'])).toBe(true);
  });

  it('one of several patterns is enough', () => {
    expect(originAllowed('https://b.org', ['https://a.org', 'b.org'])).toBe(true);
  });
});
