/** Query strings, taken apart the way signatures are computed over them. */
import type { QueryParameters } from '../../protocol/index.ts';

/** Parameters in the order sent, percent-decoded once, `+` as a space. */
export function parseQuery(query: string): QueryParameters {
  if (query === '') return [];
  const parameters: Array<readonly [string, string]> = [];
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    parameters.push(
      equals === -1
        ? [percentDecoded(pair), '']
        : [percentDecoded(pair.slice(0, equals)), percentDecoded(pair.slice(equals + 1))],
    );
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

/** All values under a name. */
export function parameterValues(parameters: QueryParameters, name: string): string[] {
  return parameters.filter(([given]) => given === name).map(([, value]) => value);
}

/** Decoded text; text that is not validly encoded is left as it is. */
export function percentDecoded(encoded: string): string {
  if (!encoded.includes('%') && !encoded.includes('+')) return encoded;
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    return encoded;
  }
}

/** A path segment: as above, but here a `+` is a plus. */
export function segmentDecoded(encoded: string): string {
  return percentDecoded(encoded.replaceAll('+', '%2B'));
}
