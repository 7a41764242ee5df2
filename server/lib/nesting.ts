/** How deep a parsed JSON value goes. Pure. */

/** Levels that what a request asks to send may have: far more than any provider takes, few enough to be written out again. */
export const MOST_LEVELS = 100;

/** Whether lists and objects stand in one another more than `levels` deep: writing such a value out ends the stack. */
export function isNestedDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isNestedDeeper(inner, levels - 1));
}
