/** Where the Kinvey door is, and what is asked there. Pure. */
import { segmentDecoded } from '../query.ts';

export type Operation =
  | { readonly kind: 'register' | 'unregister' | 'send' | 'broadcast' }
  | { readonly kind: 'sign up' | 'log in' | 'log out' | 'read me' }
  | { readonly kind: 'read user'; readonly id: string };

export interface KinveyPath {
  readonly appKey: string;
  readonly method: 'GET' | 'POST';
  readonly operation: Operation;
}

const PUSH: ReadonlyMap<string, Operation> = new Map([
  ['register-device', { kind: 'register' }],
  ['unregister-device', { kind: 'unregister' }],
  ['sendMessage', { kind: 'send' }],
  ['sendBroadcast', { kind: 'broadcast' }],
]);

/** Undefined for what is none of the door's. */
export function kinveyPathOf(path: string): KinveyPath | undefined {
  const [, family, key, name = '', ...more] = path.split('/');
  if (key === undefined || key === '' || more.length > 0) return undefined;
  const appKey = segmentDecoded(key);
  if (family === 'push') {
    const operation = PUSH.get(name);
    return operation && { appKey, method: 'POST', operation };
  }
  return family === 'user' ? { appKey, ...userOperation(name) } : undefined;
}

function userOperation(name: string): Pick<KinveyPath, 'method' | 'operation'> {
  switch (name) {
    case '':
      return { method: 'POST', operation: { kind: 'sign up' } };
    case 'login':
      return { method: 'POST', operation: { kind: 'log in' } };
    case '_logout':
      return { method: 'POST', operation: { kind: 'log out' } };
    case '_me':
      return { method: 'GET', operation: { kind: 'read me' } };
    default:
      return { method: 'GET', operation: { kind: 'read user', id: segmentDecoded(name) } };
  }
}
