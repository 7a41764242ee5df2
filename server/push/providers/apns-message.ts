/** A notification for APNs: whether Apple would take it, its headers and its bytes. Pure. */
import type { ApnsPayload } from '../payloads.ts';
import { isObject, ShapeProblem, stringMap } from './shape.ts';

const LIMIT = 4096;
const VOIP_LIMIT = 5120;
const MAX_COLLAPSE_ID_BYTES = 64;

/** What a bundle id is followed by in the topic of a push type. */
const TOPIC_SUFFIXES: Readonly<Record<string, string>> = {
  alert: '',
  background: '',
  location: '.location-query',
  voip: '.voip',
  complication: '.complication',
  fileprovider: '.pushkit.fileprovider',
  // The topic is in the certificate of its own, and has to be named.
  mdm: '',
  liveactivity: '.push-type.liveactivity',
  pushtotalk: '.voip-ptt',
  widgets: '.push-type.widgets',
  controls: '.push-type.controls',
};
const KNOWN_HEADERS = [
  'apns-id',
  'apns-topic',
  'apns-push-type',
  'apns-priority',
  'apns-expiration',
  'apns-collapse-id',
];

export interface ApnsMessage {
  /** In lower case; all that is the same for every device, but for the authorization. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Checks what Apple documents, and derives what was left out. Throws `ShapeProblem`. */
export function readApnsMessage(block: object, bundleId: string): ApnsMessage {
  const { headers: given, payload } = block as Partial<ApnsPayload>;
  if (!isObject(payload)) throw new ShapeProblem('"payload" of the APNs notification must be an object');
  const { aps } = payload;
  if (aps !== undefined && !isObject(aps)) throw new ShapeProblem('"aps" must be an object');
  const headers = headersIn(given);
  const type = headers['apns-push-type'] ?? typeFor(headers['apns-topic'], aps);
  const suffix = TOPIC_SUFFIXES[type];
  if (suffix === undefined) throw new ShapeProblem(`"apns-push-type" must be one of ${types()}`);
  const all: Record<string, string> = {
    'apns-topic': bundleId + suffix,
    ...headers,
    'apns-push-type': type,
  };
  // Without a priority it would be 10, which is an error here.
  if (type === 'background') all['apns-priority'] ??= '5';
  checkHeaders(all);
  const body = Buffer.from(JSON.stringify(payload));
  const limit = type === 'voip' ? VOIP_LIMIT : LIMIT;
  if (body.length > limit)
    throw new ShapeProblem(`the APNs payload has ${body.length} bytes, and the limit is ${limit}`);
  return { headers: all, body };
}

function headersIn(given: unknown): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(stringMap(given, 'headers'))) {
    const lower = name.toLowerCase();
    if (!KNOWN_HEADERS.includes(lower))
      throw new ShapeProblem(`"${name}" is no header of APNs that can be set`);
    if (lower in headers) throw new ShapeProblem(`"${lower}" is there twice`);
    headers[lower] = value;
  }
  return headers;
}

/** By the topic if that says so, else by what the notification shows. */
function typeFor(topic: string | undefined, aps: unknown): string {
  const byTopic = Object.entries(TOPIC_SUFFIXES).find(
    ([, suffix]) => suffix !== '' && topic !== undefined && topic.endsWith(suffix),
  );
  if (byTopic !== undefined) return byTopic[0];
  if (!isObject(aps)) return 'alert';
  const shows = ['alert', 'badge', 'sound'].some((name) => aps[name] !== undefined);
  return aps['content-available'] === 1 && !shows ? 'background' : 'alert';
}

function checkHeaders(headers: Readonly<Record<string, string>>): void {
  const { 'apns-priority': priority, 'apns-expiration': expiration, 'apns-collapse-id': collapse } = headers;
  const { 'apns-id': id, 'apns-topic': topic } = headers;
  if (priority !== undefined && !/^(1|5|10)$/.test(priority))
    throw new ShapeProblem('"apns-priority" must be 10, 5 or 1');
  if (priority === '10' && headers['apns-push-type'] === 'background')
    throw new ShapeProblem('"apns-priority" must be 5 or 1 for the push type background');
  if (expiration !== undefined && !/^\d{1,15}$/.test(expiration))
    throw new ShapeProblem('"apns-expiration" must be a number of seconds since 1970, or 0');
  if (collapse !== undefined && Buffer.byteLength(collapse) > MAX_COLLAPSE_ID_BYTES)
    throw new ShapeProblem(`"apns-collapse-id" must have at most ${MAX_COLLAPSE_ID_BYTES} bytes`);
  if (collapse !== undefined && !isHeaderText(collapse))
    throw new ShapeProblem('"apns-collapse-id" must be of printable ASCII characters');
  if (topic !== undefined && !/^[\w.-]+$/.test(topic))
    throw new ShapeProblem('"apns-topic" must be a bundle id');
  if (id !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
    throw new ShapeProblem('"apns-id" must be a UUID');
}

function isHeaderText(value: string): boolean {
  return /^[\x20-\x7e]+$/.test(value);
}

function types(): string {
  return Object.keys(TOPIC_SUFFIXES).join(', ');
}
