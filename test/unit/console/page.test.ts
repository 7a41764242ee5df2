/** The console page's HTML: what is interpolated can't become markup. Its behaviour is in test/e2e. */
import { expect, test } from 'vitest';
import { consoleAssets } from '../../../server/console/assets.ts';
import { consolePage } from '../../../server/console/page.ts';

const defaults = { port: 6001, appId: '1', key: 'dev-key', secret: 'dev-secret' };

test('values that look like markup stay values', () => {
  const evil = `</script><script>alert(1)</script>"'&`;
  const page = consolePage({ id: evil, key: evil, secret: evil }, defaults);
  const harmless = consolePage({ id: 'x', key: 'x', secret: 'x' }, defaults);
  const count = (text: string, part: string) => text.split(part).length;
  expect(count(page, '<script')).toBe(count(harmless, '<script'));
  expect(page).not.toContain(evil);
  expect(page).toContain('&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;');
});

test('the settings in the page are those given', () => {
  const app = { id: '</1>', key: 'a"b', secret: 's' };
  const json = /<script type="application\/json" id="settings">(.*?)<\/script>/.exec(
    consolePage(app, defaults),
  )?.[1];
  expect(JSON.parse(json ?? '')).toEqual({ app, defaults });
});

test('nothing is loaded from elsewhere', () => {
  const page = consolePage({ id: '1', key: 'k', secret: undefined }, defaults);
  expect(page.match(/<(?:script|link|img|iframe)\b[^>]*(?:src|href)="[^"' ]*"/g)).toEqual([
    '<link rel="icon" href="data:,"',
    '<script src="console/pusher.js"',
  ]);
  expect(page).not.toContain('@import');
});

test('the assets are the page and the client library', () => {
  const assets = consoleAssets({ id: '1', key: 'k', secret: 's' }, defaults);
  expect([...assets].map(([path, { contentType }]) => [path, contentType])).toEqual([
    ['/', 'text/html; charset=utf-8'],
    ['/console/pusher.js', 'text/javascript; charset=utf-8'],
  ]);
  expect(assets.get('/console/pusher.js')?.body.toString()).toContain('"8.6.0"');
});
