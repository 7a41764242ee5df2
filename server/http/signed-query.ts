/** The query of a signed request, taken apart into its credentials, what they sign, and what is left for the endpoint. */
import { type QueryParameters, signedParameters } from '../../protocol/index.ts';
import { parameter, parseQuery } from './query.ts';

export interface SignedQuery {
  readonly key: string | undefined;
  readonly timestamp: string | undefined;
  readonly version: string | undefined;
  readonly bodyMd5: string | undefined;
  readonly signature: string | undefined;
  /** The query as it is signed. */
  readonly signed: string;
  /** All but the above, in the order sent. */
  readonly others: QueryParameters;
}

/**
 * What nearly all libraries send with a trigger: the credentials alone, in the order in which they are signed, nothing
 * encoded. Such a query is signed as it stands, so there is nothing to take apart and put together again.
 */
const AS_SIGNED =
  /^(auth_key=([^&%+]+)&auth_timestamp=([^&%+]+)&auth_version=([^&%+]+)(?:&body_md5=([^&%+]+))?)&auth_signature=([^&%+]+)$/;

const NONE: QueryParameters = [];

export function readSignedQuery(query: string): SignedQuery {
  const found = AS_SIGNED.exec(query);
  return found === null ? takenApart(query) : asItStands(found);
}

function asItStands(found: RegExpExecArray): SignedQuery {
  return {
    key: found[2],
    timestamp: found[3],
    version: found[4],
    bodyMd5: found[5],
    signature: found[6],
    signed: found[1] ?? '',
    others: NONE,
  };
}

function takenApart(query: string): SignedQuery {
  const parameters = parseQuery(query);
  return {
    key: parameter(parameters, 'auth_key'),
    timestamp: parameter(parameters, 'auth_timestamp'),
    version: parameter(parameters, 'auth_version'),
    bodyMd5: parameter(parameters, 'body_md5'),
    signature: parameter(parameters, 'auth_signature'),
    signed: signedParameters(parameters),
    others: parameters.filter(([name]) => !name.startsWith('auth_') && name !== 'body_md5'),
  };
}
