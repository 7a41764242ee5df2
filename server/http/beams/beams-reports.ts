/** What devices report of notifications: that they came, that they were opened. */
import type { Receipt } from '../../push/publishing.ts';
import { type ReceiptPorts, takeReceipt } from '../../push/receipts.ts';
import type { Instance } from './beams-instances.ts';
import { badRequest, DONE, type Reply } from './beams-reply.ts';

type Body = Readonly<Record<string, unknown>>;

const REQUIRED = ['event', 'publishId', 'deviceId', 'timestampSecs'] as const;
const FLAGS = ['appInBackground', 'hasDisplayableContent', 'hasData'] as const;
/** Of publishes and devices. */
const LONGEST_ID = 255;
/** The last second that a JavaScript date knows. */
const LAST_SECOND = 8_640_000_000_000;

/** Reports of what we don't know are answered like any other. */
export async function takeReport(ports: ReceiptPorts, instance: Instance, body: Body): Promise<Reply> {
  const receipt = receiptOf(body, instance.beams.instanceId);
  if ('status' in receipt) return receipt;
  await takeReceipt(ports, instance.app.id, receipt);
  return DONE;
}

/** The report, or the answer to it. */
function receiptOf(body: Body, instanceId: string): Receipt | Reply {
  const missing = REQUIRED.find((name) => body[name] === undefined);
  if (missing !== undefined) return badRequest(`\`${missing}\` is missing from body.`);
  const { event, publishId, deviceId, timestampSecs, instanceId: named } = body;
  const kind = KINDS.get(typeof event === 'string' ? event.toLowerCase() : '');
  if (kind === undefined) return badRequest('`event` must be `delivery` or `open`.');
  if (typeof timestampSecs !== 'number' || Math.abs(timestampSecs) > LAST_SECOND) {
    return badRequest('`timestampSecs` must be seconds since the epoch.');
  }
  if (named !== undefined && named !== null && !isSameId(named, instanceId)) {
    return badRequest('`instanceId` differs from the one in the path.');
  }
  // A worker whose page has forgotten the device reports null.
  if (deviceId === null) return DONE;
  if (!isId(publishId)) return badRequest('`publishId` must be a publish id.');
  if (!isId(deviceId)) return badRequest('`deviceId` must be a device id.');
  const flags = FLAGS.flatMap((name) =>
    typeof body[name] === 'boolean' ? [[name, body[name]] as const] : [],
  );
  return {
    publicId: publishId,
    deviceId,
    kind,
    clientTime: Math.trunc(timestampSecs * 1000),
    flags: Object.fromEntries(flags),
  };
}

const KINDS: ReadonlyMap<string, Receipt['kind']> = new Map([
  ['delivery', 'delivered'],
  ['open', 'opened'],
]);

const isId = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= LONGEST_ID && !value.includes('\0');

const isSameId = (value: unknown, instanceId: string): boolean =>
  typeof value === 'string' && value.toLowerCase() === instanceId.toLowerCase();
