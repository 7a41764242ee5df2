/** What devices did with notifications, noted and told on, whichever door it is reported at. */
import type { BeamsWebhooks } from './beams-webhooks/beams-webhooks.ts';
import type { DeviceStore } from './device-store.ts';
import type { Publishing, Receipt } from './publishing.ts';

export interface ReceiptPorts {
  readonly devices: Pick<DeviceStore, 'find'>;
  readonly publishing: Pick<Publishing, 'received' | 'report'>;
  readonly webhooks: Pick<BeamsWebhooks, 'received'>;
}

/** Receipts of what we don't know are taken and dropped: whoever sends them could not mend it. */
export async function takeReceipt(ports: ReceiptPorts, appId: string, receipt: Receipt): Promise<void> {
  const { news, user } = await ports.publishing.received(appId, receipt);
  // A device repeats what wasn't answered: the node may have ended before it told anybody. It is told once in any case.
  const whose = news ? user : await userOfRepeated(ports, appId, receipt);
  if (whose !== undefined) await ports.webhooks.received(appId, receipt, whose);
}

/** Undefined if the receipt is no repetition but about something unknown. */
async function userOfRepeated(
  { devices, publishing }: ReceiptPorts,
  appId: string,
  { publicId, deviceId }: Receipt,
): Promise<string | undefined> {
  if ((await publishing.report(appId, publicId)) === undefined) return undefined;
  return (await devices.find(appId, deviceId))?.user;
}
