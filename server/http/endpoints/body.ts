/** The JSON object a request carries. */
import { isUtf8 } from 'node:buffer';
import { asObject, type Parameters } from '../../../protocol/index.ts';

/** What stands for bytes that are no UTF-8, once they are text. */
const REPLACEMENT = '\ufffd';

/** The body, or the sentence for the 400. An empty body is an empty object. */
export function readJsonBody(body: Buffer): Parameters | string {
  if (body.length === 0) return { object: {}, json: '{}' };
  const json = body.toString('utf8');
  // Looked for in the text first, where it costs nothing.
  if (json.includes(REPLACEMENT) && !isUtf8(body)) return 'Invalid body: not UTF-8';
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    return `Invalid body: not JSON (${error instanceof Error ? error.message.slice(0, 120) : 'unreadable'})`;
  }
  const object = asObject(parsed);
  return object === undefined ? 'Invalid body: expected a JSON object' : { object, json };
}
