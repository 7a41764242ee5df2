/** What the pipeline counts. */
import type { Platform, ProviderName } from './device.ts';
import type { PublishTarget } from './publish.ts';

/** What providers answered to messages of one kind. */
export interface Attempts {
  readonly provider: ProviderName;
  readonly recipientType: string;
  /** '' where it isn't known. */
  readonly platform: Platform | '';
  readonly success: boolean;
  /** '' for success. */
  readonly code: string;
}

export interface PushMetrics {
  attempted(attempts: Attempts, count: number): void;
  jobDone(provider: ProviderName, recipientType: string, seconds: number): void;
  /** A publish that is to be sent later was accepted. */
  scheduled(recipientType: string): void;
}

/** The names that Centrifugo gives to recipients, and ours for what it doesn't have. */
export function recipientTypeOf(target: PublishTarget): string {
  switch (target.kind) {
    case 'devices':
      return 'device_ids';
    case 'tokens':
      return `${target.provider}_tokens`;
    case 'topic':
      return `${target.provider}_topic`;
    case 'condition':
      return `${target.provider}_condition`;
    default:
      return target.kind;
  }
}
