/** The settings in groups, for the terminal and as Markdown tables; both are printed from the schema. */

import { z } from 'zod';
import { authSchema } from '../config/auth-schema.ts';
import { pushSchema } from '../config/push-schema.ts';
import { CONFIG_FILE, type Setting, settings } from '../config/settings.ts';
import { kindOf, metaOf, unwrapped } from '../config/value-kind.ts';

const INDENT = ' '.repeat(6);

/** At most 100 columns wide. `only` names the paths of the settings to show; without it, all, and the file. */
export function settingsHelp(only?: ReadonlySet<string>): string {
  if (only !== undefined)
    return settings
      .filter(({ path }) => only.has(path))
      .map(settingHelp)
      .join('\n');
  const file = [
    'Config file',
    `  ${CONFIG_FILE.flag} <file>`,
    `${INDENT}File with settings: .json, .yaml, .yml or .toml`,
    `${INDENT}${CONFIG_FILE.env}`,
  ].join('\n');
  const groups = grouped().map(([group, members]) => [group, ...members.map(settingHelp)].join('\n'));
  return [file, ...groups].join('\n\n');
}

/** A heading and a table for each group, and one each for the auth endpoints and the push of an app. */
export function settingsMarkdown(): string {
  const groups = grouped().map(([group, members]) =>
    [
      `### ${group}`,
      '',
      '| In a file | Type | Default | Environment | Flag | Meaning |',
      '| --- | --- | --- | --- | --- | --- |',
      ...members.map(markdownRow),
    ].join('\n'),
  );
  return [
    ...groups,
    blockMarkdown('Auth endpoints of an app, under its `auth`', 'auth.', authSchema),
    blockMarkdown('Push of an app, under its `push`', 'push.', pushSchema),
  ].join('\n\n');
}

/** The parts of a block that apps have. */
function blockMarkdown(heading: string, prefix: string, schema: z.ZodObject): string {
  return [
    `### ${heading}`,
    '',
    '| In a file | Type | Default | Meaning |',
    '| --- | --- | --- | --- |',
    ...partRows(prefix, schema),
  ].join('\n');
}

function partRows(prefix: string, schema: z.ZodObject): string[] {
  return Object.entries(schema.shape).flatMap(([name, part]) => {
    if (!(part instanceof z.ZodType)) throw new TypeError('the settings schema is made of zod schemas');
    const inner = unwrapped(part);
    if (inner instanceof z.ZodObject) return partRows(`${prefix}${name}.`, inner);
    const row = partRow(`${prefix}${name}`, part);
    const element = inner instanceof z.ZodArray ? inner.element : undefined;
    return element instanceof z.ZodObject ? [row, ...partRows(`${prefix}${name}[].`, element)] : [row];
  });
}

function partRow(path: string, schema: z.ZodType): string {
  return tableRow([`\`${path}\``, typeOf({ schema }), defaultOf({ schema }), metaOf(schema).description]);
}

function grouped(): ReadonlyArray<readonly [string, readonly Setting[]]> {
  const groups = new Map<string, Setting[]>();
  for (const setting of settings) {
    const members = groups.get(setting.group);
    if (members === undefined) groups.set(setting.group, [setting]);
    else members.push(setting);
  }
  return [...groups];
}

function settingHelp(setting: Setting): string {
  const lines = [
    `  ${setting.flag} ${argumentOf(setting)}`.trimEnd(),
    `${INDENT}${metaOf(setting.schema).description}`,
    `${INDENT}${setting.env}, default: ${defaultOf(setting)}`,
  ];
  return lines.join('\n');
}

function markdownRow(setting: Setting): string {
  const cells = [
    `\`${setting.path}\``,
    typeOf(setting),
    defaultOf(setting),
    `\`${setting.env}\``,
    `\`${setting.flag}\``,
    metaOf(setting.schema).description,
  ];
  return tableRow(cells);
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function argumentOf({ schema }: Setting): string {
  const kind = kindOf(schema);
  switch (kind.type) {
    case 'whole':
      return `<${kind.min}..${kind.max}>`;
    case 'counted':
      return `<${kind.word}|${kind.min}..${kind.max}>`;
    case 'toggle':
      return '[true|false]';
    case 'choice':
      return `<${kind.options.join('|')}>`;
    case 'text':
      return '<text>';
    case 'texts':
      return '<text,text,...>';
    case 'structure':
      return '<json>';
  }
}

type HasSchema = Pick<Setting, 'schema'>;

function typeOf({ schema }: HasSchema): string {
  const named = metaOf(schema).kind;
  if (named !== undefined) return named;
  const kind = kindOf(schema);
  switch (kind.type) {
    case 'whole':
      return `${kind.min} to ${kind.max}`;
    case 'counted':
      return `${kind.word}, or ${kind.min} to ${kind.max}`;
    case 'toggle':
      return 'true or false';
    case 'choice':
      return kind.options.join(', ');
    case 'text':
      return 'text';
    case 'texts':
      return 'list of texts';
    case 'structure':
      return 'list of apps';
  }
}

function defaultOf({ schema }: HasSchema): string {
  const inWords = metaOf(schema).fallback;
  if (inWords !== undefined) return inWords;
  if (!(schema instanceof z.ZodDefault)) return 'none';
  const value: unknown = schema.def.defaultValue;
  return Array.isArray(value) && value.length === 0 ? 'none' : String(value);
}
