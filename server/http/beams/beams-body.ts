/** The body of a request, where it may or must have one. Pure. */
import { isUtf8 } from 'node:buffer';
import { isNestedDeeper, MAX_LEVELS } from '../../lib/nesting.ts';
import type { HttpRequest } from '../message.ts';
import type { Operation } from './beams-paths.ts';
import { badRequest, INVALID_CONTENT_TYPE, NO_JSON_OBJECT, type Reply, tooLarge } from './beams-reply.ts';
import { isObject } from './body-rules.ts';

export interface ReadBody {
  /** As sent; '' where there is none. */
  readonly json: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What bodies of publishes may measure, in KiB. */
export const MAX_KIB = { interests: 10, users: 200 } as const;
const BYTES_PER_KIB = 1024;

const TOO_DEEP = badRequest(`Request body is nested too deeply (max ${MAX_LEVELS} levels).`);
const NONE: ReadBody = { json: '', body: {} };
const JSON_TYPE = /^application\/json\s*(?:;|$)/i;

/** The JSON object of a request, or the refusal. SDKs send no type where there is no body. */
export function bodyOf({ body, caller }: HttpRequest, operation: Operation): ReadBody | Reply {
  if (!takesBody(operation)) return NONE;
  if (!JSON_TYPE.test(caller?.headers.get('content-type')?.trim() ?? '')) return INVALID_CONTENT_TYPE;
  if (operation.kind === 'publish' && body.length > MAX_KIB[operation.to] * BYTES_PER_KIB) {
    return tooLarge(MAX_KIB[operation.to]);
  }
  if (!isUtf8(body)) return NO_JSON_OBJECT;
  const json = body.toString('utf8');
  try {
    const parsed: unknown = JSON.parse(json);
    if (!isObject(parsed)) return NO_JSON_OBJECT;
    return isNestedDeeper(parsed, MAX_LEVELS) ? TOO_DEEP : { json, body: parsed };
  } catch {
    return NO_JSON_OBJECT;
  }
}

function takesBody(operation: Operation): boolean {
  switch (operation.kind) {
    case 'publish':
    case 'register':
    case 'report':
      return true;
    case 'device':
      return (
        operation.action.kind === 'set metadata' ||
        operation.action.kind === 'set token' ||
        operation.action.kind === 'set interests'
      );
    default:
      return false;
  }
}
