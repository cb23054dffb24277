const most = 3;

/** The known words most like `word`, best first, at most three: for "did you mean". */
export function nearMatches(word: string, known: Iterable<string>): readonly string[] {
  const wanted = word.toLowerCase();
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  const scored: { readonly candidate: string; readonly distance: number }[] = [];
  for (const candidate of known) {
    const lower = candidate.toLowerCase();
    const tail = lower.slice(lower.lastIndexOf('.') + 1);
    const part = wanted.length > 2 && (lower.includes(wanted) || (tail.length > 2 && wanted.includes(tail)));
    const distance = part ? 1 : editDistance(wanted, lower, limit);
    if (distance <= limit) scored.push({ candidate, distance });
  }
  return scored
    .toSorted((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, most)
    .map(({ candidate }) => candidate);
}

/** Levenshtein's, given up beyond `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
