/** Names of topics that are not channels: a leading `!` can stand in no channel name. */

/** Where watchers of a user hear of the user's going online and offline. */
export function watchTopic(userId: string): string {
  return `!watch-${userId}`;
}
