/** What Kinvey's push module sends, in the forms of the providers. Pure. */
import type { Payloads } from '../../push/payloads.ts';
import { type Fields, isFields } from './kinvey-body.ts';
import { KinveyError } from './kinvey-replies.ts';

/** @throws KinveyError for what says nothing */
export function payloadsOf(content: unknown): Payloads {
  if (typeof content === 'string' && content !== '') return textPayloads(content);
  if (content === undefined || content === null || content === '') {
    throw new KinveyError('IncompleteRequestBody', 'messageContent is required');
  }
  if (!isFields(content)) {
    throw new KinveyError('ParameterValueOutOfRange', 'messageContent must be a text or an object');
  }
  const aps = part(content, 'iOSAps');
  const extras = part(content, 'iOSExtras');
  const android = part(content, 'androidPayload');
  if (aps === undefined && extras === undefined && android === undefined) {
    throw new KinveyError(
      'IncompleteRequestBody',
      'messageContent has neither iOSAps, iOSExtras nor androidPayload',
    );
  }
  const apple = aps === undefined && extras === undefined ? undefined : { ...extras, aps: aps ?? {} };
  return {
    apns: apple && { headers: {}, payload: ordered(apple) },
    fcm: android && { ...androidMessage(android), ...(apple && { apns: { payload: ordered(apple) } }) },
  };
}

/** The Android SDK hands the application the first value of the data, so there is one only. */
function textPayloads(text: string): Payloads {
  const payload = { aps: { alert: text } };
  return {
    apns: { headers: {}, payload },
    // Devices with iOS that have their token from Google.
    fcm: { data: { msg: text }, apns: { payload } },
  };
}

const ordered = ({ aps, ...extras }: { readonly aps: unknown }): object => ({ aps, ...extras });

/** `_rawPayload` is the message itself. */
function androidMessage(android: Fields): object {
  const raw = part(android, '_rawPayload');
  if (raw === undefined) return { data: dataOf(android) };
  const { data, ...message } = raw;
  return isFields(data) ? { ...message, data: dataOf(data) } : message;
}

/** Firebase takes texts only. */
function dataOf(fields: Fields): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      value === undefined || value === null
        ? []
        : [[name, typeof value === 'string' ? value : JSON.stringify(value)] as const],
    ),
  );
}

/** Undefined when absent or null. */
function part(fields: Fields, name: string): Fields | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (!isFields(value)) throw new KinveyError('ParameterValueOutOfRange', `${name} must be an object`);
  return value;
}
