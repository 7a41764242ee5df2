/** Who a device belongs to: proven by a token that the application's backend made. */
import type { Clock } from '../../lib/clock.ts';
import { type TokenProblem, userOfToken } from '../../push/beams-user-token.ts';
import type { DeviceStore } from '../../push/device-store.ts';
import type { Instance } from './beams-instances.ts';
import { DEVICE_NOT_FOUND, DONE, problem, type Reply, unprocessable } from './beams-reply.ts';

export interface DeviceUserPorts {
  readonly devices: Pick<DeviceStore, 'setUser' | 'update'>;
  readonly clock: Clock;
}

/** The same user again is a success: SDKs repeat the call whenever the application starts. */
export async function setDeviceUser(
  { devices, clock }: DeviceUserPorts,
  { app, beams }: Instance,
  deviceId: string,
  authorization: string | undefined,
): Promise<Reply> {
  const token = BEARER.exec(authorization ?? '')?.[1];
  if (token === undefined) return NO_TOKEN;
  const checked = userOfToken(token, beams, Math.floor(clock.now() / 1000));
  if ('problem' in checked) return REFUSALS[checked.problem];
  const { user } = checked;
  const limit = beams.devicesPerUser;
  let result = await devices.setUser(app.id, deviceId, user, limit);
  if (result === 'other user' && beams.allowUserChange) {
    // Detached first: whatever comes of the rest, the device gets nothing more that is the other user's.
    await devices.update(app.id, { ids: [deviceId] }, { user: '' });
    result = await devices.setUser(app.id, deviceId, user, limit);
  }
  switch (result) {
    case 'done':
      return DONE;
    case 'no device':
      return DEVICE_NOT_FOUND;
    case 'other user':
      return OTHER_USER;
    case 'too many devices':
      return unprocessable(`User has reached the maximum of ${limit} devices`);
  }
}

const BEARER = /^Bearer +(\S+) *$/i;

const unauthorized = (description: string): Reply => problem(401, 'Unauthorized', description);
const badToken = (description: string): Reply => problem(400, 'Bad Request', description);

const NO_TOKEN = unauthorized('`Authorization` header token is missing.');
const OTHER_USER = badToken('A User Id is already associated with this device.');

const REFUSALS: Readonly<Record<TokenProblem, Reply>> = {
  malformed: unauthorized('`Authorization` header token is malformed.'),
  'bad signature': unauthorized('Invalid JWT signature'),
  'no expiry': badToken('Missing expiration (exp) field in JWT'),
  'no subject': badToken('Missing subject (sub) field in JWT'),
  'invalid subject': badToken('JWT subject (sub) must be between 1-164 characters long'),
  'no issuer': badToken('Missing issuer (iss) field in JWT'),
  expired: unauthorized('Invalid JWT claims: Token is expired'),
  'used before issued': unauthorized('Invalid JWT claims: Token used before issued'),
  'not valid yet': unauthorized('Invalid JWT claims: Token is not valid yet'),
  'wrong issuer': problem(403, 'Forbidden', 'Invalid JWT issuer.'),
};
