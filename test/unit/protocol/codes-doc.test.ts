/** PROTOCOL.md and the catalogue of codes say the same, both ways. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ClientReaction, Codes } from '../../../protocol/index.ts';

const DOCUMENT = readFileSync(join(import.meta.dirname, '../../../protocol/PROTOCOL.md'), 'utf8');

/** How the document words each reaction. */
const REACTIONS: Readonly<Record<ClientReaction, string>> = {
  stop: 'stops',
  'back off': 'backs off',
  retry: 'reconnects at once',
  stay: 'stays',
};

const rows = [...DOCUMENT.matchAll(/^\| (\d{4}) \| `([^`]+)` \| [^|]+ \| ([^|]+) \|$/gm)].map(
  ([, code, text, reaction = '']) => ({ code: Number(code), text, reaction }),
);

const byCode = (a: { code: number; text?: string }, b: { code: number; text?: string }): number =>
  a.code - b.code || String(a.text).localeCompare(String(b.text));

describe('the codes in PROTOCOL.md', () => {
  it('are those of the catalogue, with its texts', () => {
    const documented = rows.map(({ code, text }) => ({ code, text })).sort(byCode);
    const catalogue = Object.values(Codes).map(({ code, text }) => ({ code, text }));
    expect(documented).toEqual(catalogue.sort(byCode));
  });

  it('tell what the client does next as the catalogue has it', () => {
    for (const { text, client } of Object.values(Codes)) {
      expect(rows.find((row) => row.text === text)?.reaction).toMatch(new RegExp(`^${REACTIONS[client]}`));
    }
  });
});

describe('the protocol and its document', () => {
  const headings = [...DOCUMENT.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);

  it('every heading that a source file names exists', () => {
    const root = join(import.meta.dirname, '../../..');
    const files = ['protocol', 'server', 'test'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join(root, folder, file)),
    );
    expect(files.length).toBeGreaterThan(100);
    for (const file of files) {
      for (const [, heading] of readFileSync(file, 'utf8').matchAll(/PROTOCOL\.md, "([^"]+)"/g)) {
        expect(headings, file).toContain(heading);
      }
    }
  });
});
