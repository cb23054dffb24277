import type { ExitCode } from '../exit-codes.ts';
import type { GlobalOptions } from '../global-options.ts';
import type { Output } from '../output.ts';
import { askRunning, checkSomebodyRuns } from '../running-processes.ts';
import { UsageError } from '../usage-error.ts';

export interface MetricsOptions extends GlobalOptions {
  /** A process id, or the name of one of its runtimes. */
  readonly pid?: string;
}

/** One runtime's: metrics of several in one text would contradict each other. */
export async function metrics({ pid }: MetricsOptions, output: Output): Promise<ExitCode> {
  const asked = await askRunning(pid, (connection) => connection.metrics());
  checkSomebodyRuns(asked);
  if (asked.length > 1) {
    const names = asked.map(({ name }) => name).join(', ');
    throw new UsageError(`Several are running: ${names}. Say whose metrics with --pid <id>.`);
  }
  for (const one of asked) {
    if ('error' in one) throw one.error;
    output.answer({ document: { name: one.name, pid: one.pid, metrics: one.answer }, text: () => one.answer });
  }
  return 0;
}
