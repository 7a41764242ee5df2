/** Pages of lists: `limit` and `cursor`. Pure. */
import type { PageQuery } from '../../push/device-store.ts';
import { parameter, parseQuery } from '../query.ts';
import { badRequest, type Reply } from './beams-reply.ts';

const MAX_LIMIT = 100;
const LONGEST_CURSOR = 1024;

/** What the query asks for, or the refusal. A cursor is opaque to callers; it is the last key of the page before. */
export function pageOf(query: string): PageQuery | Reply {
  const parameters = parseQuery(query);
  const limit = parameter(parameters, 'limit') ?? String(MAX_LIMIT);
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_LIMIT) {
    return badRequest(`\`limit\` must be a whole number from 1 to ${MAX_LIMIT}.`);
  }
  const cursor = parameter(parameters, 'cursor');
  if (cursor === undefined || cursor === '') return { after: undefined, limit: Number(limit) };
  const after = cursor.length <= LONGEST_CURSOR ? Buffer.from(cursor, 'base64url').toString('utf8') : '';
  return after === '' || after.includes('\0') || cursorOf(after) !== cursor
    ? badRequest('`cursor` is not one that was given out.')
    : { after, limit: Number(limit) };
}

export const cursorOf = (key: string): string => Buffer.from(key, 'utf8').toString('base64url');
