/** JSON with `{claim}` in its texts, filled from claims. Pure. */
import { asObject } from '../../protocol/index.ts';
import { type Claims, claimAt, idText } from './claims.ts';
import { partsOf } from './placeholders.ts';

/**
 * `template` with its placeholders replaced. A text that is one placeholder becomes the claim as it is, list or object
 * too; among other text a claim is written out. What needs a claim that is missing is left out.
 */
export function fill(template: unknown, claims: Claims): unknown {
  if (typeof template === 'string') return fillText(template, claims);
  if (Array.isArray(template)) {
    return template.map((item) => fill(item, claims)).filter((item) => item !== undefined);
  }
  const object = asObject(template);
  if (object === undefined) return template;
  return Object.fromEntries(
    Object.entries(object)
      .map(([name, value]) => [name, fill(value, claims)] as const)
      .filter(([, value]) => value !== undefined),
  );
}

function fillText(text: string, claims: Claims): unknown {
  const parts = partsOf(text) ?? [{ literal: text }];
  const [only, ...others] = parts;
  if (only !== undefined && 'claim' in only && others.length === 0) return claimAt(claims, only.claim);
  let filled = '';
  for (const part of parts) {
    const piece = 'claim' in part ? idText(claimAt(claims, part.claim)) : part.literal;
    if (piece === undefined) return undefined;
    filled += piece;
  }
  return filled;
}
