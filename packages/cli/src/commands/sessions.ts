import type { ControlInfo, LedgerEntry } from '@capstan/runtime';
import { durationText } from '../duration-text.ts';
import { type ExitCode, exitCodeOf } from '../exit-codes.ts';
import type { GlobalOptions } from '../global-options.ts';
import type { Output } from '../output.ts';
import { type Asked, askRunning, howToServe, nobodyRuns } from '../running-processes.ts';
import { sessionTable } from '../session-table.ts';
import { type Style, visible } from '../style.ts';

export interface SessionsOptions extends GlobalOptions {
  /** A process id, or the name of one of its runtimes. */
  readonly pid?: string;
  /** Those that ended lately, too. */
  readonly all?: boolean;
}

interface Overview {
  readonly info: ControlInfo;
  readonly sessions: readonly LedgerEntry[];
}

export async function sessions({ pid, all = false }: SessionsOptions, output: Output): Promise<ExitCode> {
  const processes = await askRunning(pid, async (connection) => ({
    info: await connection.info(),
    sessions: await connection.sessions(),
  }));
  output.answer({
    document: { processes: processes.map((one) => documentOf(one, all)) },
    text: (style) => page(processes, all, style),
  });
  const failed = processes.find((one) => 'error' in one);
  return failed === undefined ? 0 : exitCodeOf(failed.error);
}

function documentOf(one: Asked<Overview>, all: boolean): unknown {
  const { name, pid } = one;
  if ('error' in one) return { name, pid, error: one.error.toJSON() };
  const { info, sessions: known } = one.answer;
  return { ...info, name, pid, sessions: shown(known, all) };
}

function shown(known: readonly LedgerEntry[], all: boolean): readonly LedgerEntry[] {
  return all ? known : known.filter(({ ended }) => ended === undefined);
}

function page(processes: readonly Asked<Overview>[], all: boolean, style: Style): string {
  const [only] = processes;
  if (only === undefined) return `${nobodyRuns}\n${howToServe}`;
  const now = Date.now();
  if (processes.length === 1) return section(only, all, now, style);
  return processes
    .map((one) => `${style.paint('bold', heading(one, now))}\n${section(one, all, now, style)}`)
    .join('\n\n');
}

function heading(one: Asked<Overview>, now: number): string {
  if ('error' in one) return `Process ${one.name}`;
  const { startedAt, capabilities } = one.answer.info;
  const count = capabilities === 1 ? '1 capability' : `${capabilities} capabilities`;
  return `Process ${one.name}, for ${durationText(now - startedAt)}, ${count}`;
}

function section(one: Asked<Overview>, all: boolean, now: number, style: Style): string {
  if ('error' in one) return visible(`Process ${one.name} gave no answer: ${one.error.message}`);
  const { sessions: known } = one.answer;
  const rows = shown(known, all);
  const ended = known.length - rows.length;
  const note = `${ended} ended lately: --all shows ${ended === 1 ? 'it' : 'them'}.`;
  if (rows.length > 0)
    return [sessionTable(rows, now, style), ...(ended > 0 ? [style.paint('dim', note)] : [])].join('\n');
  return `Process ${one.name} has no sessions.${ended > 0 ? ` ${note}` : ''}`;
}
