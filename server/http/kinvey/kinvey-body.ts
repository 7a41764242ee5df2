/** Bodies of requests to the Kinvey door. Pure. */
import { isUtf8 } from 'node:buffer';
import { isNestedDeeper, MAX_LEVELS } from '../../lib/nesting.ts';
import { KinveyError } from './kinvey-replies.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** @throws KinveyError for what is no JSON object, or one too deep to be written out again */
export function fieldsIn(body: Buffer): Fields {
  if (body.length === 0) throw new KinveyError('IncompleteRequestBody', 'the body is empty');
  const value = isUtf8(body) ? parsed(body.toString('utf8')) : undefined;
  if (value === undefined) throw new KinveyError('JSONParseError');
  if (!isFields(value)) throw new KinveyError('BadRequest', 'the body is not an object');
  if (isNestedDeeper(value, MAX_LEVELS)) {
    throw new KinveyError('BadRequest', `the body is nested more than ${MAX_LEVELS} levels deep`);
  }
  return value;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined when absent, null or ''. */
export function optionalText(fields: Fields, name: string, longest: number): string | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new KinveyError('ParameterValueOutOfRange', `${name} must be a text`);
  if (Buffer.byteLength(value) > longest) {
    throw new KinveyError('ParameterValueOutOfRange', `${name} must have at most ${longest} bytes`);
  }
  if (value.includes('\0')) throw new KinveyError('ParameterValueOutOfRange', `${name} has a NUL character`);
  return value;
}

export function requiredText(fields: Fields, name: string, longest: number): string {
  const value = optionalText(fields, name, longest);
  if (value === undefined) throw new KinveyError('IncompleteRequestBody', `${name} is required`);
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
