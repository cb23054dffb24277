import type { Capability } from '@capstan/provider';

export interface SearchHit {
  readonly capability: Capability;
  /** Higher is better; only good for comparing hits of one search. */
  readonly score: number;
}

/** Where a word stands: in which capabilities' ids, and in which others' name, tags or description. By their numbers. */
interface Places {
  readonly ids: number[];
  readonly texts: number[];
}

/** What a hit in an id counts, and one elsewhere: the whole word, its beginning, or a part of it. */
const weights = { whole: [20, 4], start: [10, 2], part: [5, 1] } as const;

/**
 * Finds capabilities by words: every word of the query must occur in the id, name, tags or description, or be a part of a word there;
 * ids count most. An index of words, because a catalog has far fewer words than texts.
 */
export class CapabilitySearch {
  readonly #capabilities: Capability[] = [];
  readonly #places = new Map<string, Places>();

  add(capability: Capability): void {
    const { id, name = '', description = '', tags = [] } = capability;
    const number = this.#capabilities.push(capability) - 1;
    const inId = new Set(wordsOf(id));
    for (const word of inId) this.#placesOf(word).ids.push(number);
    for (const word of new Set(wordsOf([name, description, ...tags].join(' ')))) {
      if (!inId.has(word)) this.#placesOf(word).texts.push(number);
    }
  }

  search(query: string, limit: number): readonly SearchHit[] {
    const words = wordsOf(query);
    if (words.length === 0 && query.trim() !== '') return [];
    const totals = new Uint32Array(this.#capabilities.length).fill(words.length === 0 ? 1 : 0);
    words.forEach((word, index) => {
      const scores = this.#scoresOf(word);
      for (let number = 0; number < totals.length; number++) {
        const score = scores[number] ?? 0;
        const total = totals[number] ?? 0;
        totals[number] = score > 0 && (index === 0 || total > 0) ? total + score : 0;
      }
    });
    const best: SearchHit[] = [];
    for (let number = 0; number < totals.length; number++) {
      const score = totals[number] ?? 0;
      const capability = this.#capabilities[number];
      if (score > 0 && capability !== undefined) keepBest(best, { capability, score }, limit);
    }
    return best;
  }

  /** By number of capability: the best that the word scores there. */
  #scoresOf(word: string): Uint8Array {
    const scores = new Uint8Array(this.#capabilities.length);
    for (const [known, { ids, texts }] of this.#places) {
      const at = known.indexOf(word);
      if (at === -1) continue;
      const [inId, inText] = at > 0 ? weights.part : known.length === word.length ? weights.whole : weights.start;
      for (const number of ids) if ((scores[number] ?? 0) < inId) scores[number] = inId;
      for (const number of texts) if ((scores[number] ?? 0) < inText) scores[number] = inText;
    }
    return scores;
  }

  #placesOf(word: string): Places {
    let places = this.#places.get(word);
    if (places === undefined) {
      places = { ids: [], texts: [] };
      this.#places.set(word, places);
    }
    return places;
  }
}

/** Letters and digits of any script; everything else separates. */
function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Puts a hit into its place among the best, if it has one: sorting all hits would take longer than finding them. */
function keepBest(best: SearchHit[], hit: SearchHit, limit: number): void {
  let place = best.length;
  for (let before = best[place - 1]; before !== undefined && isBetter(hit, before); before = best[place - 1]) place--;
  if (place >= limit) return;
  best.splice(place, 0, hit);
  if (best.length > limit) best.pop();
}

function isBetter(one: SearchHit, two: SearchHit): boolean {
  return one.score > two.score || (one.score === two.score && one.capability.id < two.capability.id);
}
