/** Devices as rows, and back. */
import type { DeviceRow } from '../../database/device-tables.ts';
import type { AudienceDevice } from '../audience.ts';
import type { Device, ProviderName } from '../device.ts';

const PREFIXES: Readonly<Record<ProviderName, string>> = {
  fcm: 'fcm',
  apns: 'apns',
  hms: 'hms',
  webpush: 'web',
};

/** The id of a new device. */
export function deviceId(provider: ProviderName, uniqueId: string): string {
  return `${PREFIXES[provider]}-${uniqueId}`;
}

export function deviceOf(row: DeviceRow): Device {
  return {
    id: row.id,
    appId: row.app_id,
    provider: row.provider,
    platform: row.platform,
    token: row.token,
    user: row.user_id ?? undefined,
    door: row.door,
    meta: JSON.parse(row.meta),
    tags: JSON.parse(row.tags),
    details: JSON.parse(row.details),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export const AUDIENCE_COLUMNS = ['id', 'provider', 'platform', 'token', 'user_id', 'door'] as const;

export function audienceDeviceOf(row: Pick<DeviceRow, (typeof AUDIENCE_COLUMNS)[number]>): AudienceDevice {
  const { id, provider, platform, token, user_id, door } = row;
  return { id, provider, platform, token, user: user_id ?? undefined, door };
}
