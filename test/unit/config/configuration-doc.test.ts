import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { settingsMarkdown } from '../../../server/cli/settings-help.ts';
import { parseFile } from '../../../server/config/file-format.ts';
import { configFrom } from '../../../server/config/parse.ts';
import { parse } from './support.ts';

const document = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');

/** The fenced blocks of one language, in order. */
function examples(language: string): string[] {
  return [...document.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    ([, text = '']) => text,
  );
}

describe('docs/configuration.md', () => {
  it('has the tables that `carillon config --markdown` prints', () => {
    expect(document).toContain(`\n${settingsMarkdown()}\n`);
  });

  it('has examples that mean the same in every spelling', () => {
    const [yaml = ''] = examples('yaml');
    const [toml = ''] = examples('toml');
    const [environment = '', flags = ''] = examples('sh');
    const fromYaml = fileConfig('x.yaml', yaml);
    expect(fileConfig('x.toml', toml)).toEqual(fromYaml);
    const env = Object.fromEntries(
      environment
        .trim()
        .split('\n')
        .map((line) => line.split('=', 2)),
    );
    expect(parse({ env }).config).toEqual(fromYaml);
    const args = flags.replaceAll('\\\n', ' ').trim().split(/\s+/).slice(1);
    expect(parse({ flags: args }).config).toEqual(fromYaml);
  });

  it('has a list of apps that works', () => {
    const [, , assignment = ''] = examples('sh');
    const [, apps = ''] = /^CARILLON_APPS='(.*)'$/m.exec(assignment) ?? [];
    expect(parse({ env: { CARILLON_APPS: apps } }).config.apps[0]?.limits.connections).toBe(500);
  });
});

function fileConfig(name: string, text: string) {
  const content = parseFile(name, text);
  if (!content.ok || typeof content.value !== 'object' || content.value === null) throw new Error(name);
  return configFrom(content.value);
}
