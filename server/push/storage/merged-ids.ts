/**
 * The first ids of several ordered lists together, each once: what a page is made of when many index entries lead to the
 * same devices, or to devices in turns.
 *
 * Asking every list for a whole page would read lists × page entries for one page, and a planner that is left to merge
 * them reads them all. So every list is asked for its share, which is enough when the lists are alike; a list that turns
 * out to hold most of what comes next is asked again for more.
 */

/** One list's ids after `after`, in their order, at most `limit`. `List` says which. */
export type ReadFirst<List> = (
  lists: readonly List[],
  after: string,
  limit: number,
) => Promise<readonly (readonly string[])[]>;

const SMALLEST_SHARE = 16;
const GROWTH = 8;

/** Fewer than `limit` only if there are no more. */
export async function firstMerged<List>(
  lists: readonly List[],
  after: string,
  limit: number,
  read: ReadFirst<List>,
): Promise<string[]> {
  const found = new Set<string>();
  let open = lists;
  let from = after;
  let share = Math.min(limit, Math.max(SMALLEST_SHARE, Math.ceil((2 * limit) / lists.length)));
  while (open.length > 0 && found.size < limit) {
    const heads = await read(open, from, share);
    const complete = firstEnd(heads, share);
    for (const id of heads.flat()) if (complete === undefined || id <= complete) found.add(id);
    if (complete === undefined) break;
    // Lists that have nothing after what is complete are done with.
    open = open.filter((_, at) => heads[at]?.length === share || (heads[at]?.at(-1) ?? '') > complete);
    from = complete;
    share = Math.min(limit, share * GROWTH);
  }
  // Ids are ASCII, whose order in JavaScript is that of their bytes.
  return [...found].sort().slice(0, limit);
}

/** Up to where every list is known: the least of the last ids of those that were cut off; undefined if none was. */
function firstEnd(heads: readonly (readonly string[])[], share: number): string | undefined {
  const ends = heads.filter(({ length }) => length === share).map((ids) => ids.at(-1) ?? '');
  return ends.length === 0 ? undefined : ends.reduce((least, end) => (end < least ? end : least));
}
