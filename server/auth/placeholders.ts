/** Text with `{claim}` in it. Pure. */

export type TextPart = { readonly literal: string } | { readonly claim: string };

/** Literal texts and claims in their order; undefined when braces don't pair. */
export function partsOf(text: string): readonly TextPart[] | undefined {
  const parts = text
    .split(/(\{[^{}]+\})/)
    .filter((part) => part !== '')
    .map((part): TextPart => (isPlaceholder(part) ? { claim: part.slice(1, -1).trim() } : { literal: part }));
  const sound = parts.every((part) => ('claim' in part ? part.claim !== '' : !/[{}]/.test(part.literal)));
  return sound ? parts : undefined;
}

const isPlaceholder = (part: string): boolean =>
  part.length > 2 && part.startsWith('{') && part.endsWith('}');
