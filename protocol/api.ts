/** Requests of the HTTP API: what their fields must be. PROTOCOL.md, "HTTP API". */
import { channelType, isChannelName } from './channel-name.ts';
import { rawElements, rawMember } from './raw-json.ts';
import { asObject, exceedsBytes } from './text.ts';

/** The limits that requests are held to; see the settings of the same names. */
export interface ApiLimits {
  readonly channelNameLength: number;
  readonly eventNameLength: number;
  readonly eventDataBytes: number;
  readonly channelsPerTrigger: number;
  readonly eventsPerBatch: number;
  readonly userIdLength: number;
}

/** What an `info` parameter may ask for. */
export interface InfoAttributes {
  readonly userCount: boolean;
  readonly subscriptionCount: boolean;
  readonly cache: boolean;
}

/** One event for one or more channels. */
export interface Trigger {
  readonly name: string;
  readonly data: string;
  /** Distinct, in the order given. */
  readonly channels: readonly string[];
  readonly socketId: string | undefined;
  /** Undefined when the request asks for no attributes. */
  readonly info: InfoAttributes | undefined;
}

/** Why a request is refused. */
export interface ApiProblem {
  readonly status: 400 | 413;
  readonly message: string;
}

export function isApiProblem(value: object): value is ApiProblem {
  return 'status' in value;
}

const bad = (message: string): ApiProblem => ({ status: 400, message });

/** Fields of a request by name, from its body or its query. `raw` is the JSON text of a field that is not a string. */
export interface Fields {
  get(name: string): unknown;
  raw(name: string): string | undefined;
}

/** The fields of a JSON object. */
export function objectFields(object: Record<string, unknown>, json: string): Fields {
  return {
    get: (name) => (Object.hasOwn(object, name) ? object[name] : undefined),
    raw: (name) => rawMember(json, name),
  };
}

/** `POST /apps/{id}/events` */
export function parseTrigger(fields: Fields, limits: ApiLimits): Trigger | ApiProblem {
  const channels = parseChannels(fields, limits);
  return Array.isArray(channels) ? parseEvent(fields, channels, limits) : (channels as ApiProblem);
}

/** `POST /apps/{id}/batch_events` */
export function parseBatch(body: Record<string, unknown>, json: string, limits: ApiLimits): Trigger[] | ApiProblem {
  const batch = body['batch'];
  if (!Array.isArray(batch)) return bad('Missing or invalid parameter: batch must be an array of events');
  if (batch.length === 0) return bad('Invalid parameter: batch must hold at least one event');
  if (batch.length > limits.eventsPerBatch) {
    return bad(`Batch too large: ${batch.length} events exceed the allowed maximum (${limits.eventsPerBatch})`);
  }
  const texts = rawElements(rawMember(json, 'batch') ?? '[]');
  const triggers: Trigger[] = [];
  for (const [index, element] of batch.entries()) {
    const event = asObject(element);
    if (event === undefined) return bad(`Invalid parameter: batch[${index}] must be an object`);
    const fields = objectFields(event, texts[index] ?? '{}');
    const channel = fields.get('channel');
    if (typeof channel !== 'string') return bad(`Missing or invalid parameter: batch[${index}].channel must be a string`);
    const problem = channelProblem(channel, limits);
    const trigger = problem ?? parseEvent(fields, [channel], limits);
    if (isApiProblem(trigger)) return { ...trigger, message: `batch[${index}]: ${trigger.message}` };
    triggers.push(trigger);
  }
  return triggers;
}

function parseChannels(fields: Fields, limits: ApiLimits): string[] | ApiProblem {
  const channels = fields.get('channels');
  const channel = fields.get('channel');
  if (channels === undefined || channels === null) {
    if (typeof channel !== 'string') return bad('Missing or invalid parameter: channels (an array of strings) or channel (a string)');
    return channelProblem(channel, limits) ?? [channel];
  }
  if (!Array.isArray(channels)) return bad('Invalid parameter: channels must be an array of strings');
  if (channels.length === 0) return bad('Invalid parameter: channels must name at least one channel');
  const distinct = new Set<string>();
  for (const name of channels) {
    if (typeof name !== 'string') return bad('Invalid parameter: channels must be an array of strings');
    const problem = channelProblem(name, limits);
    if (problem !== undefined) return problem;
    distinct.add(name);
  }
  if (distinct.size > limits.channelsPerTrigger) {
    return bad(`Too many channels: ${distinct.size} exceed the allowed maximum (${limits.channelsPerTrigger})`);
  }
  if (distinct.size > 1) {
    for (const name of distinct) {
      if (channelType(name).kind === 'encrypted') {
        return bad('An event on an encrypted channel can be sent to that one channel only');
      }
    }
  }
  return [...distinct];
}

/** Why no event can go to a channel of this name; undefined if it can. */
export function channelProblem(name: string, limits: ApiLimits): ApiProblem | undefined {
  if (!isChannelName(name)) {
    return bad(`Invalid channel name '${name.slice(0, 200)}': allowed are letters, digits and _ - = @ , . ;`);
  }
  const length = channelType(name).kind === 'user' ? limits.userIdLength + 16 : limits.channelNameLength;
  if (name.length > length) return bad(`Channel name exceeds the allowed maximum (${length} characters)`);
  return undefined;
}

function parseEvent(fields: Fields, channels: readonly string[], limits: ApiLimits): Trigger | ApiProblem {
  const name = fields.get('name');
  if (typeof name !== 'string' || name === '') return bad('Missing or invalid parameter: name must be a non-empty string');
  if (name.length > limits.eventNameLength) {
    return bad(`Event name exceeds the allowed maximum (${limits.eventNameLength} characters)`);
  }
  if (name.startsWith('pusher:') || name.startsWith('pusher_internal:')) {
    return bad(`Invalid event name '${name}': the prefixes pusher: and pusher_internal: are reserved`);
  }
  const value = fields.get('data');
  if (value === undefined || value === null) return bad('Missing parameter: data');
  const data = typeof value === 'string' ? value : (fields.raw('data') ?? '');
  if (exceedsBytes(data, limits.eventDataBytes)) {
    return {
      status: 413,
      message: `The data content of this event exceeds the allowed maximum (${limits.eventDataBytes} bytes). See https://pusher.com/docs/channels/library_auth_reference/rest-api/#post-event-trigger-an-event`,
    };
  }
  const socketId = fields.get('socket_id');
  if (socketId !== undefined && socketId !== null && (typeof socketId !== 'string' || !/^\d+\.\d+$/.test(socketId))) {
    return bad('Invalid socket_id: it must have the format digits.digits');
  }
  const info = parseInfo(fields.get('info'));
  if (info !== undefined && isApiProblem(info)) return info;
  return { name, data, channels, socketId: socketId ?? undefined, info };
}

/** The attributes named in `info`; undefined when it is absent or empty. */
export function parseInfo(value: unknown): InfoAttributes | ApiProblem | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') return bad('Invalid parameter: info must be a string of attributes separated by commas');
  const attributes = new Set(value.split(',').map((attribute) => attribute.trim()));
  for (const attribute of attributes) {
    if (attribute !== 'user_count' && attribute !== 'subscription_count' && attribute !== 'cache') {
      return bad(`Unknown attribute in info: '${attribute.slice(0, 200)}'`);
    }
  }
  return {
    userCount: attributes.has('user_count'),
    subscriptionCount: attributes.has('subscription_count'),
    cache: attributes.has('cache'),
  };
}
