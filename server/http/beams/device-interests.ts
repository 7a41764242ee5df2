/** A device's interests: what it listens to of its own accord. */
import type { DeviceStore } from '../../push/device-store.ts';
import { segmentDecoded } from '../query.ts';
import { badRequest, DEVICE_NOT_FOUND, DONE, type Reply, said } from './beams-reply.ts';
import { cursorOf, pageOf } from './page-query.ts';
import { INTEREST_NAME, LONGEST_NAME } from './publish-body.ts';

const MAX_INTERESTS = 5000;

const INVALID_NAME = badRequest('Invalid interest name');
const TOO_MANY = badRequest('Interest set too large');
const NO_LIST = badRequest('`interests` must be an array of interest names.');

/** The device, as its app's registry knows it. */
export interface DeviceName {
  readonly appId: string;
  readonly id: string;
}

export async function listInterests(
  devices: DeviceStore,
  { appId, id }: DeviceName,
  query: string,
): Promise<Reply> {
  const page = pageOf(query);
  if ('status' in page) return page;
  const found = await devices.interests(appId, id, page);
  if (found === undefined) return DEVICE_NOT_FOUND;
  const last = found.items.at(-1);
  return said({
    interests: found.items,
    responseMetadata: found.hasMore && last !== undefined ? { nextCursor: cursorOf(last) } : {},
  });
}

/** Replaces them all. */
export async function setInterests(
  devices: DeviceStore,
  device: DeviceName,
  { interests }: Readonly<Record<string, unknown>>,
): Promise<Reply> {
  if (!Array.isArray(interests)) return NO_LIST;
  if (!interests.every(isInterest)) return INVALID_NAME;
  const names = [...new Set(interests)];
  return names.length > MAX_INTERESTS ? TOO_MANY : change(devices, device, 'set', names);
}

/** @param encodedName as in the path */
export async function changeInterest(
  devices: DeviceStore,
  device: DeviceName,
  operation: 'add' | 'remove',
  encodedName: string,
): Promise<Reply> {
  const name = segmentDecoded(encodedName);
  return isInterest(name) ? change(devices, device, operation, [name]) : INVALID_NAME;
}

async function change(
  devices: DeviceStore,
  { appId, id }: DeviceName,
  operation: 'add' | 'remove' | 'set',
  names: readonly string[],
): Promise<Reply> {
  switch (await devices.changeInterests(appId, id, operation, names, MAX_INTERESTS)) {
    case 'done':
      return DONE;
    case 'no device':
      return DEVICE_NOT_FOUND;
    case 'too many':
      return TOO_MANY;
  }
}

function isInterest(name: unknown): name is string {
  return typeof name === 'string' && name.length <= LONGEST_NAME && INTEREST_NAME.test(name);
}
