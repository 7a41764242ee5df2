/** The announcement of a presence channel's member, which says beside its frame what has changed. */
import { FramePublication } from '../broker/publications.ts';
import type { Member } from './presence-store.ts';

export type MemberChange =
  | { readonly op: 'added'; readonly member: Member }
  | { readonly op: 'removed'; readonly userId: string };

export class MemberPublication extends FramePublication {
  readonly change: MemberChange;

  constructor(appId: string, channel: string, frame: string, change: MemberChange, exceptSocketId?: string) {
    super(appId, channel, frame, exceptSocketId);
    this.change = change;
  }
}
