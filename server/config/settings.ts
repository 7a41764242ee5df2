/** The schema as a flat list: one entry per setting, with its name in each of the three spellings. */
import { z } from 'zod';
import { nodeSchema } from './schema.ts';
import { metaOf, unwrapped } from './value-kind.ts';

export interface Setting {
  /** As in a file, dots between the levels: `limits.frameBytes`. */
  readonly path: string;
  /** `CARILLON_LIMITS_FRAME_BYTES`. */
  readonly env: string;
  /** `--limits.frame-bytes`. */
  readonly flag: string;
  /** Heading of the group it stands in. */
  readonly group: string;
  readonly schema: z.ZodType;
}

/** Where the config file itself is named; not a setting, since a file can't name itself. */
export const CONFIG_FILE = { env: 'CARILLON_CONFIG', flag: '--config' } as const;

/** App defaults are what most people set, so in the environment and as flags they go without their prefix. */
const DROPPED_PREFIX = /^appDefaults\.(features\.|limits\.)?/;

/** In the order of the schema. */
export const settings: readonly Setting[] = flatten('', metaOf(nodeSchema).description, nodeSchema);

const byPath: ReadonlyMap<string, Setting> = new Map(settings.map((setting) => [setting.path, setting]));

/** Throws on a path that isn't a setting's. */
export function settingAt(path: string): Setting {
  const setting = byPath.get(path);
  if (setting === undefined) throw new TypeError(`${path} is not a setting`);
  return setting;
}

function flatten(prefix: string, group: string, schema: z.ZodObject): Setting[] {
  return Object.entries(schema.shape).flatMap(([name, member]) => {
    if (!(member instanceof z.ZodType)) throw new TypeError('the settings schema is made of zod schemas');
    const path = `${prefix}${name}`;
    const inner = unwrapped(member);
    if (inner instanceof z.ZodObject) return flatten(`${path}.`, metaOf(inner).description, inner);
    return [setting(path, group, member)];
  });
}

function setting(path: string, group: string, schema: z.ZodType): Setting {
  const meta = metaOf(schema);
  const name = path.replace(DROPPED_PREFIX, '');
  return {
    path,
    env: meta.env ?? `CARILLON_${withBeforeCapitals(name, '_').replaceAll('.', '_').toUpperCase()}`,
    flag: meta.flag ?? `--${withBeforeCapitals(name, '-').toLowerCase()}`,
    group: meta.heading ?? group,
    schema,
  };
}

function withBeforeCapitals(name: string, separator: string): string {
  return name.replace(/[A-Z]/g, (capital) => `${separator}${capital}`);
}
