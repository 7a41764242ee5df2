/** What Beams' rules say of a publish's blocks, `apns`, `fcm` and `web`. Pure. */
import { LONGEST_TTL } from '../../push/beams-payloads.ts';
import { boolean, either, integer, list, object, oneOf, type Rule, says, text } from './body-rules.ts';

/** The last second that a JavaScript date knows. */
const LAST_SECOND = 8_640_000_000_000;
const LONGEST_COLLAPSE_ID = 64;

/** Seconds since the epoch. */
export const seconds = integer(0, LAST_SECOND);

export const apns: Rule = object({
  fields: {
    aps: object(),
    data: object(),
    collapse_id: text({ min: 1, max: LONGEST_COLLAPSE_ID, pattern: /^[ -~]*$/ }),
    expiration: seconds,
    priority: oneOf(5, 10),
    pusher: object({ fields: { disable_delivery_tracking: boolean } }),
  },
});

/** A list, or one as JSON in a text, as the retired API had it. */
const args = either(list(text()), text());

export const fcm: Rule = object({
  fields: {
    notification: object({
      fields: {
        title: text(),
        body: text(),
        image: text(),
        icon: text(),
        sound: text(),
        tag: text(),
        color: text(),
        click_action: text(),
        android_channel_id: text(),
        body_loc_key: text(),
        body_loc_args: args,
        title_loc_key: text(),
        title_loc_args: args,
      },
    }),
    data: fcmData,
    priority: oneOf('normal', 'high'),
    collapse_key: text(),
    time_to_live: integer(0, LONGEST_TTL),
  },
});

const RESERVED = /^(?:from$|message_type$|google\.|gcm\.)/;

/** Firebase keeps some names for itself and refuses the message. */
function fcmData(value: unknown, path: string): string | undefined {
  const violation = object()(value, path);
  if (violation !== undefined) return violation;
  const reserved = Object.keys(value as object).find((name) => RESERVED.test(name));
  return reserved === undefined ? undefined : says(path, `Additional property ${reserved} is not allowed`);
}

export const web: Rule = object({
  fields: {
    time_to_live: integer(0, LONGEST_TTL),
    notification: object({
      fields: {
        title: text(),
        body: text(),
        icon: text(),
        deep_link: text(),
        hide_notification_if_site_has_focus: boolean,
      },
    }),
    data: object({ forbidden: ['pusher'] }),
  },
});
