/** A text frame from a client → what it says. Never throws. PROTOCOL.md, "Frames". */
import type { ClientMessage, Ignored, Invalid, Ping } from './messages.ts';
import { rawMember } from './raw-json.ts';
import { asObject, parseObject } from './text.ts';

const PING: Ping = { type: 'ping' };
const IGNORED: Ignored = { type: 'ignored' };

const malformed = (message: string): Invalid => ({ type: 'invalid', message, malformed: true });
const invalid = (message: string): Invalid => ({ type: 'invalid', message, malformed: false });

const NOT_JSON = malformed('Invalid JSON');
const NOT_OBJECT = malformed('Invalid frame: expected a JSON object');
const NO_EVENT = malformed('Invalid frame: event must be a string');

/** Decodes one frame. What can't be understood comes back as `invalid`, with the sentence to answer. */
export function decode(text: string): ClientMessage {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return NOT_JSON;
  }
  const frame = asObject(parsed);
  if (frame === undefined) return NOT_OBJECT;
  const event = frame['event'];
  if (typeof event !== 'string') return NO_EVENT;
  if (event.startsWith('client-')) return decodeClientEvent(text, event, frame);
  switch (event) {
    case 'pusher:ping':
      return PING;
    case 'pusher:subscribe':
      return decodeSubscribe(frame);
    case 'pusher:unsubscribe':
      return decodeUnsubscribe(frame);
    case 'pusher:signin':
      return decodeSignIn(frame);
    default:
      return event.startsWith('pusher:')
        ? IGNORED
        : invalid(`Unknown event '${event.slice(0, 200)}': clients may only send pusher: and client- events`);
  }
}

/** `data` of a `pusher:` event: an object, or the same as JSON text. */
function fields(frame: Record<string, unknown>): Record<string, unknown> | undefined {
  const data = frame['data'];
  return typeof data === 'string' ? parseObject(data) : asObject(data);
}

function decodeSubscribe(frame: Record<string, unknown>): ClientMessage {
  const data = fields(frame);
  if (data === undefined) return invalid('Invalid subscribe: data must be an object');
  const channel = data['channel'];
  if (typeof channel !== 'string') return invalid('Invalid subscribe: channel must be a string');
  return { type: 'subscribe', channel, auth: data['auth'], channelData: data['channel_data'] };
}

function decodeUnsubscribe(frame: Record<string, unknown>): ClientMessage {
  const data = fields(frame);
  if (data === undefined) return invalid('Invalid unsubscribe: data must be an object');
  const channel = data['channel'];
  if (typeof channel !== 'string') return invalid('Invalid unsubscribe: channel must be a string');
  return { type: 'unsubscribe', channel };
}

function decodeSignIn(frame: Record<string, unknown>): ClientMessage {
  const data = fields(frame);
  if (data === undefined) return invalid('Invalid signin: data must be an object');
  const { auth, user_data: userData } = data as { auth?: unknown; user_data?: unknown };
  if (typeof auth !== 'string') return invalid('Invalid signin: auth must be a string');
  if (typeof userData !== 'string') return invalid('Invalid signin: user_data must be a string of JSON');
  return { type: 'signin', auth, userData };
}

function decodeClientEvent(text: string, event: string, frame: Record<string, unknown>): ClientMessage {
  const channel = frame['channel'];
  if (typeof channel !== 'string') return invalid('Invalid client event (must contain channel and data)');
  const data = frame['data'];
  return {
    type: 'client-event',
    event,
    channel,
    data: typeof data === 'string' ? data : (rawMember(text, 'data') ?? ''),
  };
}
