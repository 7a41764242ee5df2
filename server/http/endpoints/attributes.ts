/** What `info` asks of a channel, as the JSON of an answer. PROTOCOL.md, "HTTP API". */
import { channelType, type InfoAttributes } from '../../../protocol/index.ts';
import type { App } from '../../apps/app.ts';
import type { ChannelSummary } from '../../presence/presence-store.ts';

/** Attributes that do not apply to the channel, or that the app has switched off, are left out. */
export function attributesJson(
  app: App,
  channel: string,
  summary: ChannelSummary,
  info: InfoAttributes,
): string {
  const { kind } = channelType(channel);
  const attributes: string[] = [];
  if (info.userCount && kind === 'presence') attributes.push(`"user_count":${summary.users}`);
  if (info.subscriptionCount && app.features.subscriptionCounts && kind !== 'user') {
    attributes.push(`"subscription_count":${summary.subscriptions}`);
  }
  return `{${attributes.join(',')}}`;
}
