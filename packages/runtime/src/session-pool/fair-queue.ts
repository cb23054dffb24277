/** What stands in a fair queue: it belongs to a lane, here a caller. */
export interface Queued {
  readonly lane: string;
}

/**
 * A bounded queue that serves its lanes in turn, so that nobody waits behind another's backlog. Full, it makes room for a lane with
 * fewer entries by giving up the newest entry of the fullest lane.
 */
export class FairQueue<T extends Queued> {
  /** In the order in which lanes are served next. */
  readonly #lanes = new Map<string, Set<T>>();
  /** Entries that it holds. */
  limit = Infinity;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Whether there is no place for one more of `lane`. */
  refuses(lane: string): boolean {
    return this.#size >= this.limit && this.#fullestBeside(lane) === undefined;
  }

  /** The entry that has no place: none, another lane's newest one, or `entry` itself. */
  push(entry: T): T | undefined {
    const displaced = this.#size < this.limit ? undefined : this.#displacedBy(entry);
    if (displaced === entry) return entry;
    if (displaced !== undefined) this.remove(displaced);
    let lane = this.#lanes.get(entry.lane);
    if (lane === undefined) {
      lane = new Set();
      this.#lanes.set(entry.lane, lane);
    }
    lane.add(entry);
    this.#size++;
    return displaced;
  }

  /** The next one, left in its place. */
  peek(): T | undefined {
    return this.#lanes.values().next().value?.values().next().value;
  }

  /** Takes the next one; its lane is served again after all others. */
  shift(): T | undefined {
    const entry = this.peek();
    if (entry === undefined) return undefined;
    this.remove(entry);
    const lane = this.#lanes.get(entry.lane);
    if (lane !== undefined) {
      this.#lanes.delete(entry.lane);
      this.#lanes.set(entry.lane, lane);
    }
    return entry;
  }

  entries(): readonly T[] {
    return [...this.#lanes.values()].flatMap((lane) => [...lane]);
  }

  /** False if it is not there any more. */
  remove(entry: T): boolean {
    const lane = this.#lanes.get(entry.lane);
    if (lane?.delete(entry) !== true) return false;
    if (lane.size === 0) this.#lanes.delete(entry.lane);
    this.#size--;
    return true;
  }

  /** Empties it. */
  drain(): readonly T[] {
    const entries = this.entries();
    this.#lanes.clear();
    this.#size = 0;
    return entries;
  }

  #displacedBy(entry: T): T {
    return [...(this.#fullestBeside(entry.lane) ?? [])].at(-1) ?? entry;
  }

  /** The lane that holds most, if that is more than `lane` would hold with one more. */
  #fullestBeside(lane: string): Set<T> | undefined {
    let fullest: Set<T> | undefined;
    for (const entries of this.#lanes.values()) if (entries.size > (fullest?.size ?? 0)) fullest = entries;
    const own = this.#lanes.get(lane)?.size ?? 0;
    return fullest !== undefined && fullest.size > own + 1 ? fullest : undefined;
  }
}
