import { idSegment } from './server-name.ts';

/** An offer that wants an id: what the server calls it, and what stands before its own word in the id. */
export interface Named {
  readonly name: string;
  readonly prefix: string;
}

/**
 * An id for each of `offers`, in their order. Where several names come to one word, the one that is the word itself gets it, and the
 * others, sorted, are numbered: the same names always get the same ids.
 */
export function assignIds(offers: readonly Named[]): readonly { readonly id: string; readonly clashesWith?: string }[] {
  const plain = offers.map(({ name, prefix }) => `${prefix}.${idSegment(name) || 'unnamed'}`);
  const groups = Map.groupBy(offers.keys(), (index) => plain[index] ?? '');
  const taken = new Set(plain);
  const ids = new Map<number, { id: string; clashesWith?: string }>();
  const nameAt = (index: number): string => offers[index]?.name ?? '';
  for (const [id, members] of [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const [first = 0, ...others] = members.toSorted((a, b) => rank(nameAt(a), id, nameAt(b)));
    ids.set(first, { id });
    let number = 2;
    for (const other of others) {
      while (taken.has(`${id}_${number}`)) number++;
      taken.add(`${id}_${number}`);
      ids.set(other, { id: `${id}_${number}`, clashesWith: nameAt(first) });
    }
  }
  return offers.map((_, index) => ids.get(index) ?? { id: plain[index] ?? '' });
}

function rank(a: string, id: string, b: string): number {
  const isOwn = (name: string): number => (id.endsWith(`.${name}`) ? 0 : 1);
  return isOwn(a) - isOwn(b) || (a < b ? -1 : a > b ? 1 : 0);
}
