import { type ControlledRuntime, connectControl, type LedgerEntry, nearMatches } from '@capstan/runtime';
import { durationText } from '../duration-text.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { askRunning, checkSomebodyRuns } from '../running-processes.ts';
import { visible } from '../style.ts';
import { UsageError } from '../usage-error.ts';
import type { SessionsOptions } from './sessions.ts';

/** How long the process may take: a plugin gets time to end a session, and a host may have given it more than usual. */
const timeoutMs = 60_000;

/** A session, and whose it is. */
interface Found {
  readonly owner: ControlledRuntime;
  readonly session: LedgerEntry;
}

export async function endSession(id: string, { pid }: SessionsOptions, output: Output): Promise<ExitCode> {
  const { owner, session } = await find(id, pid);
  if (session.ended !== undefined) return report(owner, session, true, output);
  await using connection = await connectControl(owner.address, { timeoutMs });
  const ended = await connection.terminate(id);
  return report(owner, ended ?? session, false, output);
}

/** Ids are counted in each runtime, so several may have one. A live session goes before those that ended. */
async function find(id: string, pid: string | undefined): Promise<Found> {
  const asked = await askRunning(pid, (connection) => connection.sessions());
  checkSomebodyRuns(asked);
  const known = asked.flatMap((one) => ('answer' in one ? one.answer.map((session) => ({ owner: one, session })) : []));
  const named = known.filter(({ session }) => session.id === id);
  const live = named.filter(({ session }) => session.ended === undefined);
  if (live.length > 1) {
    const names = live.map(({ owner }) => owner.name).join(', ');
    throw new UsageError(`Several processes have a session ${id}: ${names}. Say whose it is with --pid <id>.`);
  }
  const found = live[0] ?? named[0];
  if (found !== undefined) return found;
  const failed = asked.find((one) => 'error' in one);
  if (failed !== undefined) throw failed.error;
  const ids = known.filter(({ session }) => session.ended === undefined).map(({ session }) => session.id);
  const nearest = nearMatches(id, ids);
  const hint = nearest.length > 0 ? `Did you mean ${nearest.join(' or ')}?` : '`capstan sessions` lists them.';
  throw new UsageError(`There is no session "${id}". ${hint}`);
}

function report(owner: ControlledRuntime, session: LedgerEntry, before: boolean, output: Output): ExitCode {
  const { id, ended } = session;
  const confirmed = ended?.confirmed === true;
  output.answer({
    document: { process: owner.name, session, confirmed },
    text: () => visible(`${id} of process ${owner.name} ${endedText(session, before)}, ${confirmedText(confirmed)}`),
  });
  return confirmed ? 0 : 7;
}

function endedText({ ended }: LedgerEntry, before: boolean): string {
  // One that was being opened all the time.
  if (ended === undefined) return 'was told to end';
  return before ? `had ended ${durationText(Date.now() - ended.at)} ago (${ended.why})` : 'ended';
}

function confirmedText(confirmed: boolean): string {
  return confirmed
    ? 'and its provider confirmed the end.'
    : 'but its provider did not confirm the end: the upstream may still keep it.';
}
