/** One client in a process of its own: `client-process.ts <client> <url of the upstream>`. Opens it when started, then does what its parent asks for. */
import type { EchoClient } from './client.ts';
import { clients } from './clients/index.ts';
import type { Memory, Question, Reply, Slice, Start } from './messages.ts';
import { runSlice } from './run-slice.ts';

const [name, upstream] = process.argv.slice(2);
const opened = new Map<Reply, EchoClient>();

function memory(): Memory {
  for (let pass = 0; pass < 3; pass++) globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heapMb: heapUsed / 1_048_576, rssMb: rss / 1_048_576 };
}

async function start(): Promise<Start> {
  const entry = clients.find((client) => client.name === name);
  if (entry === undefined) throw new Error(`There is no client "${name}".`);
  const from = performance.now();
  const open = await entry.load();
  const loaded = performance.now();
  const client = await open(`${upstream}/json`);
  await client.call('first');
  const to = performance.now();
  opened.set('json', client);
  opened.set('sse', await open(`${upstream}/sse`));
  return { firstCallMs: to - from, openAndCallMs: to - loaded };
}

async function reply(question: Question): Promise<Slice | Memory> {
  if (question.kind === 'memory') return memory();
  const client = opened.get(question.reply);
  if (client === undefined) throw new Error(`Nothing is open for ${question.reply}.`);
  return runSlice(client, question.concurrency, question.ms);
}

function say(answer: Promise<object>): void {
  void answer.then(
    (value) => process.send?.(value),
    (error: unknown) =>
      process.send?.({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
}

process.on('message', (question) => say(reply(question as Question)));
process.once('disconnect', () => {
  void Promise.allSettled([...opened.values()].map((client) => client.close())).finally(() => process.exit());
});
say(start());
