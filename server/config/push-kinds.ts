/** The kinds of settings that push is made of. */
import { z } from 'zod';
import { described, type Extra } from './setting-meta.ts';

/** `FCM_ENDPOINT` → the variable and the flag of a setting. */
export function names(name: string): { readonly env: string; readonly flag: string } {
  return { env: `CARILLON_${name}`, flag: `--${name.toLowerCase().replaceAll('_', '-')}` };
}

export const text = (description: string, extra: Extra) =>
  described(z.string().min(1).max(1024), { description, must: 'text of 1 to 1024 characters', ...extra });

export const texts = (element: z.ZodType<string, string>, most: number, description: string, extra: Extra) =>
  described(z.array(element).max(most), { description, ...extra });

export const named = described(z.string().min(1).max(255), {
  description: 'A name',
  must: 'text of 1 to 255 characters',
});

export function isAddress(given: string): boolean {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) return false;
  return url.username === '' && url.password === '' && url.search === '' && url.hash === '';
}

export const address = (description: string, extra: Extra) =>
  described(z.string().max(2048).refine(isAddress), {
    description,
    must: 'an https:// or http:// address, without user name, query and fragment',
    ...extra,
  });
