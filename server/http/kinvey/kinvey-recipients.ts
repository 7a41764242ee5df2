/** Whom a message of Kinvey's push module goes to: documents of users. Pure. */
import { type Fields, isFields } from './kinvey-body.ts';
import { KinveyError } from './kinvey-replies.ts';

/** A document without an id: of it we have the tokens it shows. */
export interface Stranger {
  readonly values: Fields;
  readonly ios: readonly string[];
  readonly android: readonly string[];
}

export interface Recipients {
  /** Documents by user id. */
  readonly users: ReadonlyMap<string, Fields>;
  readonly strangers: readonly Stranger[];
}

/** @param recipients a document or a list of them; an id alone will do */
export function recipientsIn(recipients: unknown): Recipients {
  if (recipients === undefined || recipients === null) {
    throw new KinveyError('IncompleteRequestBody', 'recipients is required');
  }
  const users = new Map<string, Fields>();
  const strangers: Stranger[] = [];
  for (const one of Array.isArray(recipients) ? recipients : [recipients]) {
    const document = typeof one === 'string' ? { _id: one } : one;
    if (!isFields(document)) {
      throw new KinveyError('ParameterValueOutOfRange', 'recipients must be documents of users');
    }
    const { _id: id } = document;
    if (typeof id === 'string' && id !== '' && !id.includes('\0')) users.set(id, document);
    else strangers.push(strangerOf(document));
  }
  return { users, strangers };
}

function strangerOf(document: Fields): Stranger {
  const { _messaging: messaging } = document;
  const shown = isFields(messaging) ? messaging['pushTokens'] : undefined;
  const tokens = Array.isArray(shown) ? shown.filter(isFields) : [];
  const of = (platform: string): string[] =>
    tokens.flatMap(({ platform: on, token }) =>
      on === platform && typeof token === 'string' ? [token] : [],
    );
  return { values: document, ios: of('ios'), android: of('android') };
}
