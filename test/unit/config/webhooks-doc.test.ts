import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WEBHOOK_KINDS } from '../../../protocol/index.ts';
import { parse } from './support.ts';

const document = readFileSync(new URL('../../../docs/webhooks.md', import.meta.url), 'utf8');

describe('docs/webhooks.md', () => {
  it('has a configuration that works', () => {
    const [, yaml = ''] = /^```yaml\n(.*?)^```/ms.exec(document) ?? [];
    const { config } = parse({ files: { 'c.yaml': yaml }, flags: ['--config=c.yaml'] });
    expect(config.apps[0]?.webhooks).toMatchObject([
      { events: WEBHOOK_KINDS, batch: true },
      { events: ['member_added', 'member_removed'], filter: { prefix: 'presence-' }, batch: false },
    ]);
  });

  it('tells of every kind of event', () => {
    for (const kind of WEBHOOK_KINDS) expect(document).toContain(`| \`${kind}\` |`);
  });
});
