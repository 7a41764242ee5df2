/** What requests to `/admin/apps` carry. Each function throws an `AppRefusal` that names the field. */
import type { Credential } from '../../apps/app.ts';
import { AppRefusal } from '../../apps/app-refusal.ts';
import type { Settings } from '../../apps/entry-parts.ts';
import { isNestedDeeper, MOST_LEVELS } from '../../lib/nesting.ts';
import type { AdminCall } from '../admin-api.ts';
import { readJsonBody } from './body.ts';

/** Shown beside an app's settings, and not among them when they come back. */
const ABOUT: ReadonlySet<string> = new Set(['source', 'version', 'created_at', 'updated_at', 'problems']);

/** An app in the form of the configuration file. */
export function settingsIn(call: Pick<AdminCall, 'body'>): Settings {
  return Object.fromEntries(Object.entries(objectIn(call)).filter(([name]) => !ABOUT.has(name)));
}

/** The version the asker takes the app to have, by `If-Match` or in the body; undefined takes any. */
export function versionIn(call: Pick<AdminCall, 'body' | 'caller'>): number | undefined {
  const header = call.caller.headers.get('if-match');
  const given = header === undefined ? objectIn(call)['version'] : header.trim();
  if (given === undefined || given === '*') return undefined;
  const [, digits] = /^"?(\d{1,15})"?$/.exec(String(given)) ?? [];
  if (digits !== undefined) return Number(digits);
  throw new AppRefusal(
    'invalid',
    `${header === undefined ? 'version' : 'If-Match'} must be a version as shown`,
  );
}

const DEFAULT_OVERLAP_SECONDS = 3600;
const LONGEST_OVERLAP_SECONDS = 30 * 86_400;
const ROTATION: ReadonlySet<string> = new Set(['overlapSeconds', 'key', 'secret', 'version']);

export interface Rotation {
  readonly overlapSeconds: number;
  /** Undefined has a pair made up. */
  readonly pair: Credential | undefined;
}

export function rotationIn(call: Pick<AdminCall, 'body'>): Rotation {
  const object = objectIn(call);
  const unknown = Object.keys(object).find((name) => !ROTATION.has(name));
  if (unknown !== undefined) {
    throw new AppRefusal(
      'invalid',
      `${unknown} is no part of a rotation; overlapSeconds, key and secret are`,
    );
  }
  const { overlapSeconds = DEFAULT_OVERLAP_SECONDS, key, secret } = object;
  if (!isWhole(overlapSeconds) || overlapSeconds > LONGEST_OVERLAP_SECONDS) {
    throw new AppRefusal(
      'invalid',
      `overlapSeconds must be a whole number from 0 to ${LONGEST_OVERLAP_SECONDS}`,
    );
  }
  if (key === undefined && secret === undefined) return { overlapSeconds, pair: undefined };
  if (typeof key !== 'string' || typeof secret !== 'string') {
    throw new AppRefusal(
      'invalid',
      'key and secret go together, both as text; leave both out for a new pair',
    );
  }
  return { overlapSeconds, pair: { key, secret } };
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function objectIn({ body }: Pick<AdminCall, 'body'>): Settings {
  const json = readJsonBody(body);
  if (typeof json === 'string') throw new AppRefusal('invalid', json);
  if (isNestedDeeper(json.object, MOST_LEVELS)) {
    throw new AppRefusal('invalid', `the body is nested deeper than ${MOST_LEVELS} levels`);
  }
  return json.object;
}
