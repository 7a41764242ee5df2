/**
 * Regular expressions that can't be made to run long by the names they are tried on, which clients choose. The engine
 * backtracks: with k places where it may take more or less, a name of n characters can cost n to the power of k, and
 * one of them inside another costs 2 to the power of n. So there may be few, and none repeated. A group of alternatives
 * is such a place as well: k of them in a row can be gone through in 2 to the power of k ways.
 */

export const MAX_PATTERN_LENGTH = 200;

/**
 * Places to take more or less, or one thing or another; one of them is the start of the match, unless the pattern is
 * tied to the name's.
 */
const MAX_CHOICES = 3;

interface Group {
  /** Whether it holds a quantifier or an alternative. */
  open: boolean;
  /** Whether it consists of alternatives. */
  divided: boolean;
}

/** Whether a pattern is a regular expression that is cheap on any name. */
export function isSafePattern(pattern: string): boolean {
  return pattern.length <= MAX_PATTERN_LENGTH && compiles(pattern) && isCheap(pattern);
}

function compiles(pattern: string): boolean {
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
}

/** One pass over a pattern that compiles. */
function isCheap(pattern: string): boolean {
  let choices = 0;
  const whole: Group = { open: false, divided: false };
  const groups = [whole];
  /** The group that has just been closed, which a quantifier would repeat. */
  let closed: Group | undefined;
  for (let at = 0; at < pattern.length; ) {
    const rest = pattern.slice(at);
    const quantifier = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/.exec(rest)?.[0];
    if (quantifier !== undefined) {
      const group = groups.at(-1);
      if (group !== undefined) group.open = true;
      if (closed?.open === true) return false;
      if (!/^\{\d+\}/.test(quantifier)) choices += 1;
      closed = undefined;
      at += quantifier.length;
      continue;
    }
    closed = undefined;
    const token =
      /^(?:\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:<?[=!]|:|<[^>]*>))?|[\s\S])/.exec(rest)?.[0] ?? rest;
    if (/^(?:\\[1-9k]|\(\?<?[=!])/.test(token)) return false;
    if (token.startsWith('(')) groups.push({ open: false, divided: false });
    else if (token === ')') {
      closed = groups.pop();
      const outer = groups.at(-1);
      if (outer !== undefined && closed?.open === true) outer.open = true;
    } else if (token === '|') {
      const group = groups.at(-1) ?? whole;
      // Alternatives of the whole pattern add up, they don't multiply.
      if (!group.divided && group !== whole) choices += 1;
      group.open = true;
      group.divided = true;
    }
    at += token.length;
  }
  const tied = pattern.startsWith('^') && !whole.divided;
  return choices + (tied ? 0 : 1) <= MAX_CHOICES;
}
