import { Child } from './child.ts';
import { clients, type ClientName } from './clients/index.ts';
import type { Memory, Question, Slice, Start } from './messages.ts';
import { Samples, settings } from './samples.ts';

export interface Effort {
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly sliceMs: number;
  /** Fresh processes of each client. */
  readonly starts: number;
}

const clientProcess = new URL('./client-process.ts', import.meta.url);
const names = clients.map(({ name }) => name);

/** Runs all clients against the upstream at `url`, in turn. */
export async function collectSamples(url: string, effort: Effort): Promise<Samples> {
  const samples = new Samples();
  await collectStarts(samples, url, effort.starts);
  await using stack = new AsyncDisposableStack();
  const processes = new Map<ClientName, Child>();
  for (const name of names) {
    const child = stack.use(new Child(clientProcess, [name, url]));
    await child.answer<Start>();
    processes.set(name, child);
  }
  for (let round = -1; round < effort.rounds; round++) {
    for (const setting of settings) {
      for (const [name, child] of inTurn(processes, round)) {
        const ms = round < 0 ? effort.warmUpMs : effort.sliceMs;
        const slice = await child.ask<Slice>({ kind: 'slice', ...setting, ms } satisfies Question);
        if (round >= 0) samples.addSlice(name, setting, slice);
      }
    }
  }
  for (const [name, child] of processes)
    samples.memory.set(name, await child.ask<Memory>({ kind: 'memory' } satisfies Question));
  return samples;
}

async function collectStarts(samples: Samples, url: string, starts: number): Promise<void> {
  // The first start of each reads its files from the disk.
  for (let start = -1; start < starts; start++) {
    for (const name of names) {
      await using child = new Child(clientProcess, [name, url]);
      const answer = await child.answer<Start>();
      if (start >= 0) samples.addStart(name, answer);
    }
  }
}

/** Each round begins with another one: nobody always follows the same neighbour's rubbish. */
function inTurn<K, V>(entries: ReadonlyMap<K, V>, round: number): readonly (readonly [K, V])[] {
  const list = [...entries];
  const first = (round + list.length) % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
}
