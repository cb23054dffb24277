const remembered = 32;
/** Calls that it takes to know anything: the first ones also pay for whatever is done only once. */
const fewest = 8;

/** How long a call usually holds its session: the median of the last calls, so that a few slow ones say little. */
export class ServiceTime {
  readonly #times: number[] = [];
  #next = 0;

  add(heldMs: number): void {
    this.#times[this.#next] = heldMs;
    this.#next = (this.#next + 1) % remembered;
  }

  /** 0 as long as too little is known. */
  get usualMs(): number {
    if (this.#times.length < fewest) return 0;
    return this.#times.toSorted((a, b) => a - b)[Math.floor((this.#times.length - 1) / 2)] ?? 0;
  }
}
