/** Requests of the HTTP API: what their fields must be. PROTOCOL.md, "HTTP API". */
import { channelType, isChannelName, userChannel } from './channel-name.ts';
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
  /** The notification that goes with the event, as given; undefined when there is none. */
  readonly push: Readonly<Record<string, unknown>> | undefined;
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

/** A request's parameters: an object, and the JSON it came from for what must pass as it was written. */
export interface Parameters {
  readonly object: Readonly<Record<string, unknown>>;
  readonly json: string;
}

/** `POST /apps/{id}/events` */
export function parseTrigger(parameters: Parameters, limits: ApiLimits): Trigger | ApiProblem {
  const channels = parseChannels(parameters.object, limits);
  return Array.isArray(channels) ? parseEvent(parameters, channels, limits) : (channels as ApiProblem);
}

/** `POST /apps/{id}/batch_events` */
export function parseBatch({ object, json }: Parameters, limits: ApiLimits): Trigger[] | ApiProblem {
  const batch = object['batch'];
  if (!Array.isArray(batch)) return bad('Missing or invalid parameter: batch must be an array of events');
  if (batch.length === 0) return bad('Invalid parameter: batch must hold at least one event');
  if (batch.length > limits.eventsPerBatch) {
    return bad(
      `Batch too large: ${batch.length} events exceed the allowed maximum (${limits.eventsPerBatch})`,
    );
  }
  // Asked for only where data is not a string, because looking at every character costs more than all else.
  let texts: readonly string[] | undefined;
  const triggers: Trigger[] = [];
  for (const [index, element] of batch.entries()) {
    const event = asObject(element);
    if (event === undefined) return bad(`Invalid parameter: batch[${index}] must be an object`);
    const channel = event['channel'];
    if (typeof channel !== 'string')
      return bad(`Missing or invalid parameter: batch[${index}].channel must be a string`);
    if (typeof event['data'] !== 'string') texts ??= rawElements(rawMember(json, 'batch') ?? '[]');
    const problem = channelProblem(channel, limits);
    const trigger = problem ?? parseEvent({ object: event, json: texts?.[index] ?? '{}' }, [channel], limits);
    if (isApiProblem(trigger)) return { ...trigger, message: `${trigger.message} (batch[${index}])` };
    triggers.push(trigger);
  }
  return triggers;
}

function parseChannels(object: Parameters['object'], limits: ApiLimits): string[] | ApiProblem {
  const { channels, channel } = object as { channels?: unknown; channel?: unknown };
  if (channels === undefined || channels === null) {
    if (typeof channel !== 'string')
      return bad('Missing or invalid parameter: channels (an array of strings) or channel (a string)');
    return channelProblem(channel, limits) ?? [channel];
  }
  if (!Array.isArray(channels)) return bad('Invalid parameter: channels must be an array of strings');
  if (channels.length === 0) return bad('Invalid parameter: channels must name at least one channel');
  for (const name of channels) {
    if (typeof name !== 'string') return bad('Invalid parameter: channels must be an array of strings');
    const problem = channelProblem(name, limits);
    if (problem !== undefined) return problem;
  }
  return channels.length === 1 ? channels : severalChannels(channels, limits);
}

/** Distinct channels of one trigger. */
function severalChannels(channels: readonly string[], limits: ApiLimits): string[] | ApiProblem {
  const distinct = new Set(channels);
  if (distinct.size > limits.channelsPerTrigger) {
    return bad(
      `Too many channels: ${distinct.size} exceed the allowed maximum (${limits.channelsPerTrigger})`,
    );
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
  const length =
    channelType(name).kind === 'user'
      ? userChannel('').length + limits.userIdLength
      : limits.channelNameLength;
  if (name.length > length) return bad(`Channel name exceeds the allowed maximum (${length} characters)`);
  return undefined;
}

function parseEvent(
  parameters: Parameters,
  channels: readonly string[],
  limits: ApiLimits,
): Trigger | ApiProblem {
  const { name, data: value, socket_id: socketId, info: attributes, push } = parameters.object;
  if (typeof name !== 'string' || name === '')
    return bad('Missing or invalid parameter: name must be a non-empty string');
  if (name.length > limits.eventNameLength) {
    return bad(`Event name exceeds the allowed maximum (${limits.eventNameLength} characters)`);
  }
  if (name.startsWith('pusher:') || name.startsWith('pusher_internal:')) {
    return bad(`Invalid event name '${name}': the prefixes pusher: and pusher_internal: are reserved`);
  }
  if (value === undefined || value === null) return bad('Missing parameter: data');
  const data = typeof value === 'string' ? value : (rawMember(parameters.json, 'data') ?? '');
  if (exceedsBytes(data, limits.eventDataBytes)) {
    return {
      status: 413,
      message: `The data content of this event exceeds the allowed maximum (${limits.eventDataBytes} bytes). See https://pusher.com/docs/channels/library_auth_reference/rest-api/#post-event-trigger-an-event`,
    };
  }
  if (
    socketId !== undefined &&
    socketId !== null &&
    (typeof socketId !== 'string' || !/^\d+\.\d+$/.test(socketId))
  ) {
    return bad('Invalid socket_id: it must have the format digits.digits');
  }
  const info = parseInfo(attributes);
  if (info !== undefined && isApiProblem(info)) return info;
  const notification = asObject(push);
  if (push !== undefined && push !== null && notification === undefined)
    return bad('Invalid parameter: push must be an object');
  return { name, data, channels, socketId: socketId ?? undefined, info, push: notification };
}

/** The attributes named in `info`; undefined when it is absent or empty. */
export function parseInfo(value: unknown): InfoAttributes | ApiProblem | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string')
    return bad('Invalid parameter: info must be a string of attributes separated by commas');
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
