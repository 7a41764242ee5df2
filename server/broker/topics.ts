/** Names of topics that are not channels: a leading `!` can stand in no channel name. */

const WATCH = '!watch-';

/** Where watchers of a user hear of the user's going online and offline. */
export function watchTopic(userId: string): string {
  return `${WATCH}${userId}`;
}

/** Whose going online and offline a topic is about; undefined for other topics. */
export function watchedUser(topic: string): string | undefined {
  return topic.startsWith(WATCH) ? topic.slice(WATCH.length) : undefined;
}
