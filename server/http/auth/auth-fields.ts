/** The fields of a request to an auth endpoint: query, and a form or JSON as body. */
import { isUtf8 } from 'node:buffer';
import { parseObject } from '../../../protocol/index.ts';
import type { HttpRequest } from '../message.ts';
import { parseQuery } from '../query.ts';

/** By name, the body's over the query's, the last of a repeated one; or the sentence for the 400. */
export function fieldsOf(
  { query, body }: Pick<HttpRequest, 'query' | 'body'>,
  contentType: string,
): ReadonlyMap<string, string> | string {
  const fields = new Map(parseQuery(query));
  if (body.length === 0) return fields;
  if (!isUtf8(body)) return 'Invalid body: not UTF-8';
  const text = body.toString('utf8');
  if (!/^application\/([\w.-]+\+)?json\b/i.test(contentType)) {
    for (const [name, value] of parseQuery(text.trim())) fields.set(name, value);
    return fields;
  }
  const object = parseObject(text);
  if (object === undefined) return 'Invalid body: expected a JSON object, as its Content-Type says';
  for (const [name, value] of Object.entries(object)) {
    if (typeof value === 'string' || typeof value === 'number') fields.set(name, String(value));
  }
  return fields;
}
