/** Finds the name somebody meant. */

/** The candidate that `name` says too little of, or the nearest: `-p` is `--port`, `--b` is `--a.b`. */
function meantOption(name: string, candidates: Iterable<string>): string | undefined {
  const known = [...candidates];
  const short = /^-([a-z])$/.exec(name)?.[1];
  if (short !== undefined) {
    const starting = known.filter((candidate) => candidate.startsWith(`--${short}`));
    return starting.sort((a, b) => a.length - b.length)[0];
  }
  const inner = `.${name.replace(/^--/, '')}`;
  return known.find((candidate) => candidate.endsWith(inner)) ?? nearestName(name, known);
}

/** The candidate closest to `name` when it's close enough to be a slip; letter case and separators count little. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(letters(name), letters(candidate));
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return least <= Math.max(1, Math.floor(letters(name).length / 3)) ? nearest : undefined;
}

/** `; did you mean X?`, or nothing. */
export function suggestion(name: string, candidates: Iterable<string>): string {
  return asked(nearestName(name, candidates));
}

/** The same for an option of the command line. */
export function optionSuggestion(name: string, candidates: Iterable<string>): string {
  return asked(meantOption(name, candidates));
}

function asked(meant: string | undefined): string {
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

function letters(name: string): string {
  return name.replace(/[-_.]/g, '').toLowerCase();
}

/** Insertions, deletions, replacements and swaps of neighbours it takes; the whole table, since names are short. */
function editDistance(from: string, to: string): number {
  const table: number[][] = [];
  const at = (i: number, j: number) => table[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 0; i <= from.length; i++) {
    const row: number[] = [];
    table.push(row);
    for (let j = 0; j <= to.length; j++) {
      const kept = from[i - 1] === to[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const least = Math.min(
        at(i - 1, j - 1) + kept,
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        swapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
      row.push(i + j === 0 ? 0 : least);
    }
  }
  return at(from.length, to.length);
}
