/** Query strings, taken apart the way signatures are computed over them. */
import type { QueryParameters } from '../../protocol/index.ts';

/** Parameters in the order sent, percent-decoded once, `+` as a space. */
export function parseQuery(query: string): QueryParameters {
  const parameters: Array<readonly [string, string]> = [];
  const decoded = isEncoded(query) ? percentDecoded : asItIs;
  for (let start = 0, end = 0; start < query.length; start = end + 1) {
    end = query.indexOf('&', start);
    if (end === -1) end = query.length;
    if (end === start) continue;
    const equals = query.indexOf('=', start);
    if (equals === -1 || equals > end) parameters.push([decoded(query.slice(start, end)), '']);
    else parameters.push([decoded(query.slice(start, equals)), decoded(query.slice(equals + 1, end))]);
  }
  return parameters;
}

/** The last value under a name, as most servers read repeated parameters. */
export function parameter(parameters: QueryParameters, name: string): string | undefined {
  for (let at = parameters.length - 1; at >= 0; at -= 1) {
    const pair = parameters[at];
    if (pair?.[0] === name) return pair[1];
  }
  return undefined;
}

const isEncoded = (text: string): boolean => text.includes('%') || text.includes('+');
const asItIs = (text: string): string => text;

/** Decoded text; text that is not validly encoded is left as it is. */
function percentDecoded(encoded: string): string {
  if (!isEncoded(encoded)) return encoded;
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    return encoded;
  }
}

/** A path segment: as above, but here a `+` is a plus. */
export function segmentDecoded(encoded: string): string {
  return encoded.includes('%') ? percentDecoded(encoded.replaceAll('+', '%2B')) : encoded;
}
