/** Whether a connection may subscribe, as far as its request tells. PROTOCOL.md, "Subscribing". */
import {
  channelStringToSign,
  channelType,
  exceedsBytes,
  isChannelName,
  type Subscribe,
  userOfChannel,
} from '../../protocol/index.ts';
import type { AppRegistry } from '../apps/app-registry.ts';
import type { Member } from '../presence/presence-store.ts';
import { authProblem } from './authorize.ts';
import type { Connection } from './connection.ts';
import { parseMember } from './member.ts';
import { authError, invalidRequest, isRefusal, limitReached, type Refusal } from './refusal.ts';

/** What a request asks for, once it is found in order. */
export interface Permission {
  /** Who joins, on presence channels. */
  readonly member: Member | undefined;
}

const PERMITTED: Permission = { member: undefined };

/** What the connection is let in as, or why it is not: name, limits, signature, member, in this order. */
export function permissionFor(
  registry: AppRegistry,
  connection: Connection,
  message: Subscribe,
): Permission | Refusal {
  const { app } = connection.hub;
  const { limits } = app;
  const name = message.channel;
  if (!isChannelName(name)) {
    return invalidRequest(
      `Invalid channel name '${name.slice(0, 200)}': allowed are letters, digits and _ - = @ , . ;`,
    );
  }
  const type = channelType(name);
  if (type.kind === 'user') {
    return connection.user?.id === userOfChannel(name)
      ? PERMITTED
      : authError('Only the signed-in user may subscribe to a #server-to-user- channel', 403);
  }
  if (name.length > limits.channelNameLength) {
    return limitReached(
      `Channel name exceeds the allowed maximum (${limits.channelNameLength} characters)`,
      413,
    );
  }
  if (connection.subscriptionCount >= limits.channelsPerConnection) {
    return limitReached(`Too many channels: a connection may hold ${limits.channelsPerConnection}`, 403);
  }
  if (!type.authorized) return PERMITTED;

  const { channelData } = message;
  if (channelData !== undefined && channelData !== null && typeof channelData !== 'string') {
    return invalidRequest('channel_data must be a string of JSON');
  }
  const signed = channelStringToSign(connection.id, name, channelData ?? undefined);
  const problem = authProblem(registry, app, message.auth, signed);
  if (problem !== undefined) return authError(problem);
  if (type.kind !== 'presence') return PERMITTED;

  if (typeof channelData === 'string') {
    const member = parseMember(channelData, limits);
    return isRefusal(member) ? member : { member };
  }
  if (connection.user === undefined) {
    return invalidRequest('presence subscriptions must include channel_data, or the user must be signed in');
  }
  const { id: userId, userInfo } = connection.user;
  if (userInfo !== undefined && exceedsBytes(userInfo, limits.presenceUserBytes)) {
    return limitReached(`user_info exceeds the allowed maximum (${limits.presenceUserBytes} bytes)`, 413);
  }
  return { member: { userId, userInfo } };
}
