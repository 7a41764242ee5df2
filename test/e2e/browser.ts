/** A real Chromium with an empty profile, from Debian's package or CHROMIUM_PATH. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface BrowserUnderTest {
  /**
   * A page that is closed after the test; the test fails if one of its scripts threw or was forbidden.
   * @param prepare runs before the address is opened
   */
  open(url: string, prepare?: (page: Page) => Promise<void>): Promise<Page>;
}

/** Starts one browser for the tests of a file. */
export function useBrowser(): BrowserUnderTest {
  let profile = '';
  let browser: BrowserContext | undefined;
  let pages: Page[] = [];
  let complaints: string[] = [];

  beforeAll(async () => {
    profile = await mkdtemp(join(tmpdir(), 'carillon-e2e-'));
    browser = await chromium.launchPersistentContext(profile, {
      executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
      args: FLAGS,
    });
  });
  afterEach(async () => {
    const [closing, seen] = [pages, complaints];
    [pages, complaints] = [[], []];
    for (const page of closing) await page.close();
    expect(seen).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await rm(profile, { recursive: true, force: true });
  });

  return {
    open: async (url, prepare) => {
      if (browser === undefined) throw new Error('the browser is not started yet');
      const page = await browser.newPage();
      pages.push(page);
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        // What a content policy forbids is told on the console only.
        if (message.text().includes('Content Security Policy')) complaints.push(message.text());
      });
      await prepare?.(page);
      await page.goto(url);
      return page;
    },
  };
}
