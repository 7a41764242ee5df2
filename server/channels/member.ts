/** Who joins a presence channel, out of `channel_data`. PROTOCOL.md, "Presence". */
import { asObject, exceedsBytes, isWellFormed, parseObject, rawMember } from '../../protocol/index.ts';
import type { AppLimits } from '../apps/app.ts';
import type { Member } from '../presence/presence-store.ts';
import { invalidRequest, limitReached, type Refusal } from './refusal.ts';

/** The member that `channelData` describes, or why it describes none. */
export function parseMember(channelData: string, limits: AppLimits): Member | Refusal {
  if (exceedsBytes(channelData, limits.presenceUserBytes)) {
    return limitReached(`channel_data exceeds the allowed maximum (${limits.presenceUserBytes} bytes)`, 413);
  }
  const parsed = parseObject(channelData);
  if (parsed === undefined) return invalidRequest('channel_data is not a JSON object');
  const userId = idText(channelData, parsed['user_id']);
  if (userId === undefined || userId === '') {
    return invalidRequest('channel_data must include a user_id (a non-empty string or a number)');
  }
  if (!isWellFormed(userId))
    return invalidRequest('user_id is not valid text: half a surrogate pair is missing');
  if (userId.length > limits.userIdLength) {
    return limitReached(`user_id exceeds the allowed maximum (${limits.userIdLength} characters)`, 413);
  }
  const info = parsed['user_info'];
  if (info === undefined || info === null) return { userId, userInfo: undefined };
  if (asObject(info) === undefined) {
    return invalidRequest(
      'user_info supplied to presence subscription is invalid - if supplied it must be a type of hash',
    );
  }
  return { userId, userInfo: rawMember(channelData, 'user_info') };
}

/** A user id as text. A whole number too large for JavaScript is read as it is written, digit for digit. */
function idText(channelData: string, value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  if (Number.isSafeInteger(value)) return String(value);
  const written = rawMember(channelData, 'user_id');
  return written !== undefined && /^-?\d+$/.test(written) ? written : String(value);
}
