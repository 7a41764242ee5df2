/** How deep a parsed JSON value goes. Pure. */

/** Of what is kept or sent on: far more than any provider takes, and few enough to be written out again. */
export const MAX_LEVELS = 100;

/** Whether lists and objects stand in one another more than `levels` deep: writing such a value out ends the stack. */
export function isNestedDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isNestedDeeper(inner, levels - 1));
}
