import { median } from '../report.ts';
import type { ClientName } from './clients/index.ts';
import { replies, type Memory, type Setting, type Slice, type Start } from './messages.ts';

export const settings: readonly Setting[] = replies.flatMap((reply) => [
  { reply, concurrency: 1 },
  { reply, concurrency: 32 },
]);

export function describe({ reply, concurrency }: Setting): string {
  return `${reply === 'json' ? 'JSON' : 'SSE'}, ${concurrency === 1 ? 'one by one' : `${concurrency} at once`}`;
}

/** Everything that was measured. A round has all clients in turn, so that what the machine does meanwhile hits all alike. */
export class Samples {
  readonly #slices = new Map<string, Slice[]>();
  readonly #starts = new Map<ClientName, Start[]>();
  readonly memory = new Map<ClientName, Memory>();

  addSlice(client: ClientName, setting: Setting, slice: Slice): void {
    const key = `${client} ${describe(setting)}`;
    this.#slices.set(key, [...(this.#slices.get(key) ?? []), slice]);
  }

  addStart(client: ClientName, start: Start): void {
    this.#starts.set(client, [...(this.#starts.get(client) ?? []), start]);
  }

  median(client: ClientName, setting: Setting, figure: keyof Slice): number {
    return median(this.#of(client, setting).map((slice) => slice[figure]));
  }

  /** The median of what the first gave in each round by what the second gave in that round. */
  ratio(client: ClientName, other: ClientName, setting: Setting, figure: keyof Slice): number {
    const others = this.#of(other, setting);
    return median(
      this.#of(client, setting).map((slice, round) => slice[figure] / (others[round]?.[figure] ?? Number.NaN)),
    );
  }

  medianStart(client: ClientName, figure: keyof Start): number {
    return median((this.#starts.get(client) ?? []).map((start) => start[figure]));
  }

  #of(client: ClientName, setting: Setting): readonly Slice[] {
    return this.#slices.get(`${client} ${describe(setting)}`) ?? [];
  }
}
