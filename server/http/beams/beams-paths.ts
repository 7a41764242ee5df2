/** Where the Beams doors are, and what is asked there. The instance is named by the path, whatever the host. Pure. */

/** `server`: a backend calls, with the secret key. `device`: phones and pages call, and know a device's id. */
export type Caller = 'server' | 'device';

/** What Beams calls a provider in its paths and ids. */
export type BeamsPlatform = 'apns' | 'fcm' | 'web';

export type Operation =
  | { readonly kind: 'publish'; readonly to: 'interests' | 'users' }
  | { readonly kind: 'publish report' | 'publish outcomes' | 'cancel publish'; readonly publicId: string }
  /** As sent: what a `+` means depends on who sent it. A user id with a slash may come in several segments. */
  | { readonly kind: 'delete user'; readonly encodedId: string }
  | { readonly kind: 'vapid key' }
  | { readonly kind: 'register'; readonly platform: BeamsPlatform }
  | {
      readonly kind: 'device';
      readonly platform: BeamsPlatform;
      readonly id: string;
      readonly action: DeviceAction;
    }
  | { readonly kind: 'report' };

export type DeviceAction =
  | { readonly kind: 'get' | 'delete' | 'set metadata' | 'set token' | 'set user' }
  | { readonly kind: 'list interests' | 'set interests' }
  | { readonly kind: 'add interest' | 'remove interest'; readonly encodedName: string };

export interface BeamsPath {
  readonly caller: Caller;
  readonly family: string;
  /** '' when the segment is empty. */
  readonly instanceId: string;
  /** What follows the instance id, as sent. */
  readonly rest: readonly string[];
}

interface Family {
  readonly version: string;
  readonly caller: Caller;
}

/** `safari` is of an SDK that was never released; it is here for its refusals to be in the form of the others. */
const FAMILIES: ReadonlyMap<string, Family> = new Map([
  ['publish', { version: 'v1', caller: 'server' }],
  ['customer', { version: 'v1', caller: 'server' }],
  ['user', { version: 'v1', caller: 'server' }],
  ['device', { version: 'v1', caller: 'device' }],
  ['reporting', { version: 'v2', caller: 'device' }],
  ['safari', { version: 'v1', caller: 'device' }],
]);

const FAMILY_PATH = /^\/([a-z]+)_api(?:\/|$)/;

/** Whether the path is below one of the families. */
export const isBeamsPath = (path: string): boolean => familyOf(path) !== undefined;

/** Who calls there; pages when in doubt. */
export const callerOf = (path: string): Caller => FAMILIES.get(familyOf(path) ?? '')?.caller ?? 'device';

function familyOf(path: string): string | undefined {
  const name = FAMILY_PATH.exec(path)?.[1];
  return name !== undefined && FAMILIES.has(name) ? name : undefined;
}

/** The parts of a path of one of the families; undefined where the family has nothing below that path. */
export function beamsPathOf(path: string): BeamsPath | undefined {
  const family = familyOf(path);
  const known = FAMILIES.get(family ?? '');
  if (family === undefined || known === undefined) return undefined;
  const [, , version, instances, instanceId, ...rest] = path.split('/');
  return version === known.version && instances === 'instances' && instanceId !== undefined
    ? { caller: known.caller, family, instanceId, rest }
    : undefined;
}

/** @param method in upper case */
export function operationOf(method: string, { family, rest }: BeamsPath): Operation | undefined {
  switch (family) {
    case 'publish':
      return publishOperation(method, rest);
    case 'customer':
    case 'user':
      return userOperation(method, rest);
    case 'device':
      return deviceOperation(method, rest);
    case 'reporting':
      return method === 'POST' && rest.length === 1 && rest[0] === 'events' ? { kind: 'report' } : undefined;
    default:
      return undefined;
  }
}

function publishOperation(
  method: string,
  [publishes, target, more, ...others]: readonly string[],
): Operation | undefined {
  if (publishes !== 'publishes' || others.length > 0) return undefined;
  if (method === 'POST') {
    if (more !== undefined) return undefined;
    // Some SDKs leave out the target, from the time when there was but one.
    if (target === undefined || target === 'interests') return { kind: 'publish', to: 'interests' };
    return target === 'users' ? { kind: 'publish', to: 'users' } : undefined;
  }
  if (target === undefined || target === '') return undefined;
  if (method === 'GET' && more === 'outcomes') return { kind: 'publish outcomes', publicId: target };
  if (more !== undefined) return undefined;
  if (method === 'GET') return { kind: 'publish report', publicId: target };
  return method === 'DELETE' ? { kind: 'cancel publish', publicId: target } : undefined;
}

function userOperation(method: string, [users, ...id]: readonly string[]): Operation | undefined {
  const encodedId = id.join('/');
  return method === 'DELETE' && users === 'users' && encodedId !== ''
    ? { kind: 'delete user', encodedId }
    : undefined;
}

function deviceOperation(
  method: string,
  [first, platform, id, ...rest]: readonly string[],
): Operation | undefined {
  if (first === 'web-vapid-public-key') {
    return method === 'GET' && platform === undefined ? { kind: 'vapid key' } : undefined;
  }
  if (first !== 'devices' || !isPlatform(platform)) return undefined;
  if (id === undefined) return method === 'POST' ? { kind: 'register', platform } : undefined;
  const action = deviceAction(method, platform, rest);
  return id === '' || action === undefined ? undefined : { kind: 'device', platform, id, action };
}

function deviceAction(
  method: string,
  platform: BeamsPlatform,
  [what, encodedName, ...others]: readonly string[],
): DeviceAction | undefined {
  if (others.length > 0) return undefined;
  if (what === undefined) {
    if (method === 'GET') return { kind: 'get' };
    return method === 'DELETE' ? { kind: 'delete' } : undefined;
  }
  if (what === 'interests' && encodedName !== undefined) {
    if (encodedName === '') return undefined;
    if (method === 'POST') return { kind: 'add interest', encodedName };
    return method === 'DELETE' ? { kind: 'remove interest', encodedName } : undefined;
  }
  if (encodedName !== undefined) return undefined;
  if (what === 'interests' && method === 'GET') return { kind: 'list interests' };
  if (method !== 'PUT') return undefined;
  switch (what) {
    case 'interests':
      return { kind: 'set interests' };
    case 'metadata':
      return { kind: 'set metadata' };
    case 'user':
      return { kind: 'set user' };
    case 'token':
      // The other platforms register anew.
      return platform === 'fcm' ? { kind: 'set token' } : undefined;
    default:
      return undefined;
  }
}

function isPlatform(name: string | undefined): name is BeamsPlatform {
  return name === 'apns' || name === 'fcm' || name === 'web';
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DEVICE_ID = /^(apns|fcm|hms|web)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const isInstanceId = (text: string): boolean => UUID.test(text);

/** Whether the id can be a device's, and if so whether it is of the platform in the path. */
export function deviceIdKind(
  id: string,
  platform: BeamsPlatform,
): 'ours' | 'of another platform' | 'ill-formed' {
  const prefix = DEVICE_ID.exec(id)?.[1];
  if (prefix === undefined) return 'ill-formed';
  return prefix === platform ? 'ours' : 'of another platform';
}
