/** Subscriptions of the fake push service, one a line, given out in turns. */
export function subscriptionsIn(lines: string): () => string {
  const all = lines.split('\n');
  let at = 0;
  return () => {
    at = (at + 1) % all.length;
    return all[at] as string;
  };
}
