/**
 * A pattern of channel names such as `private-user-{sub}` or `presence-lobby-*`. Pure.
 *
 * A claim stands for itself: it is compared character by character, and a value that a channel name can't hold never
 * matches, so no claim can widen a pattern. `*` stands for one or more characters, where the operator wrote it.
 */
import { type ChannelType, channelType, isChannelName } from '../../protocol/index.ts';
import { type Claims, claimAt, idText, valuesOf } from './claims.ts';
import { partsOf } from './placeholders.ts';

type Part = { readonly literal: string } | { readonly claim: string } | 'anything';

const BROKEN = 'has a { without its }; a claim is written {name}';

export class ChannelPattern {
  readonly text: string;
  readonly type: ChannelType;
  readonly #parts: readonly Part[];

  /** `text` is known to have no `patternProblem`. */
  constructor(text: string) {
    const parts = partsFrom(text);
    if (parts === undefined) throw new TypeError(`${text} ${BROKEN}`);
    this.text = text;
    this.type = typeOf(parts);
    this.#parts = parts;
  }

  /**
   * Whether a caller with these claims may have the channel. Only channels of the pattern's own type match: neither a
   * claim nor a `*` turns `private-…` into `private-encrypted-…` or a cache channel.
   */
  matches(channel: string, claims: Claims): boolean {
    if (channelType(channel) !== this.type) return false;
    // All the places that the parts so far may end at: each is looked at once, however many ways lead there.
    let ends: ReadonlySet<number> = new Set([0]);
    for (const part of this.#parts) {
      ends = part === 'anything' ? beyond(ends, channel) : behind(ends, channel, textsOf(part, claims));
      if (ends.size === 0) return false;
    }
    return ends.has(channel.length);
  }
}

/** Where one or more characters may end that begin at one of the places. */
function beyond(starts: ReadonlySet<number>, { length }: string): ReadonlySet<number> {
  const first = Math.min(...starts) + 1;
  return new Set(Array.from({ length: Math.max(0, length - first + 1) }, (_, at) => first + at));
}

/** Where one of the texts may end that begins at one of the places. */
function behind(starts: ReadonlySet<number>, channel: string, texts: readonly string[]): ReadonlySet<number> {
  const ends = new Set<number>();
  for (const start of starts) {
    for (const text of texts) if (channel.startsWith(text, start)) ends.add(start + text.length);
  }
  return ends;
}

function textsOf(part: Exclude<Part, 'anything'>, claims: Claims): readonly string[] {
  return 'literal' in part ? [part.literal] : nameTexts(claimAt(claims, part.claim));
}

/** What is wrong with a pattern, to follow its text; undefined if nothing is. */
export function patternProblem(text: string): string | undefined {
  const parts = partsFrom(text);
  if (parts === undefined) return BROKEN;
  const unsuitable = parts.find(
    (part) => part !== 'anything' && 'literal' in part && !isChannelName(part.literal),
  );
  if (unsuitable !== undefined || parts.length === 0) {
    return 'has characters that no channel name has; allowed are letters, digits and _ - = @ , . ;';
  }
  if (!typeOf(parts).authorized) return 'must start with private- or presence-; other channels need no rule';
  return undefined;
}

function partsFrom(text: string): readonly Part[] | undefined {
  return partsOf(text)?.flatMap((part): Part[] => {
    if ('claim' in part) return [part];
    return part.literal
      .split(/(\*)/)
      .filter((piece) => piece !== '')
      .map((piece) => (piece === '*' ? 'anything' : { literal: piece }));
  });
}

/** By what the operator wrote: any claim and any `*` count as an ordinary letter. */
function typeOf(parts: readonly Part[]): ChannelType {
  return channelType(
    parts.map((part) => (part !== 'anything' && 'literal' in part ? part.literal : 'x')).join(''),
  );
}

function nameTexts(claim: unknown): string[] {
  return valuesOf(claim)
    .map(idText)
    .filter((text): text is string => text !== undefined && !text.startsWith('#') && isChannelName(text));
}
