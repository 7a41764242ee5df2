/** Publications as tests look at them. */
import type { Publication } from '../../server/broker/broker.ts';

/** The frame as text, whichever form it is in. */
export function frameText(publication: Publication): string {
  const frame = publication.frame();
  return typeof frame === 'string' ? frame : Buffer.from(frame).toString('utf8');
}
