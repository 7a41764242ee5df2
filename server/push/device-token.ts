/** Tokens as backends and users hand them in: whether they can be a token, in the form that devices have them. Pure. */
import type { ProviderName } from './device.ts';
import { readSubscription, type SubscriptionRules, tokenOf } from './web-push-subscription.ts';

export type ReadToken = { readonly token: string } | { readonly problem: string };

/** No provider says more of its tokens; nobody is asked whether it knows one. */
const PRINTABLE = /^[\x21-\x7e]{1,4096}$/;
/** Apple's are hex, but its word is that this may change. A token is part of a path, so no character may mean more. */
const IN_A_PATH = /^[\w:-]{1,255}$/;
const HEX = /^[0-9a-f]+$/i;

/**
 * @param text for Web Push the subscription as JSON
 * @returns a problem as the rest of a sentence that begins with what the token is called
 */
export function readToken(provider: ProviderName, text: string, rules: SubscriptionRules): ReadToken {
  switch (provider) {
    case 'fcm':
    case 'hms':
      return PRINTABLE.test(text)
        ? { token: text }
        : { problem: 'must be 1 to 4096 visible ASCII characters' };
    case 'apns':
      if (!IN_A_PATH.test(text)) return { problem: 'must be 1 to 255 letters, digits or any of _ : -' };
      return { token: HEX.test(text) ? text.toLowerCase() : text };
    case 'webpush': {
      const read = readSubscription(text, rules);
      return read.ok
        ? { token: tokenOf(read.subscription) }
        : { problem: `is no subscription: ${read.problem}` };
    }
  }
}
