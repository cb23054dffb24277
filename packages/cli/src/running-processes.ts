import { CapstanError } from '@capstan/provider';
import { connectControl, type ControlConnection, type ControlledRuntime, listControlled } from '@capstan/runtime';
import { UsageError } from './usage-error.ts';

/** What a runtime that serves its control socket answered, or why it did not. */
export type Asked<T> = ControlledRuntime & ({ readonly answer: T } | { readonly error: CapstanError });

/**
 * Asks every running process of this user that serves a control socket, or those of `pid` (`4242`, or `4242-2` for its second runtime).
 * Who went away meanwhile is left out. Throws `UsageError` where nobody has this `pid`, or what `listControlled` throws.
 */
export async function askRunning<T>(
  pid: string | undefined,
  ask: (connection: ControlConnection) => Promise<T>,
): Promise<readonly Asked<T>[]> {
  const running = await listControlled();
  const wanted = running.filter((one) => pid === undefined || one.name === pid || String(one.pid) === pid);
  if (wanted.length === 0 && pid !== undefined) {
    const names = running.map(({ name }) => name).join(', ');
    throw new UsageError(
      `No Capstan process of yours with the id ${pid} is running. ${names === '' ? 'None is.' : `Running: ${names}.`}`,
    );
  }
  const asked = await Promise.all(
    wanted.map(async (one) => {
      try {
        await using connection = await connectControl(one.address);
        return [{ ...one, answer: await ask(connection) }];
      } catch (error) {
        if (!CapstanError.isInstance(error)) throw error;
        return error.code === 'CLOSED' ? [] : [{ ...one, error }];
      }
    }),
  );
  return asked.flat();
}

/** Where somebody must run: throws `CLOSED` where nobody does. */
export function checkSomebodyRuns(asked: readonly unknown[]): void {
  if (asked.length > 0) return;
  throw new CapstanError('CLOSED', `${nobodyRuns} ${howToServe}`, { details: { controlSocket: null } });
}

export const nobodyRuns = 'No Capstan process of yours is running.';

export const howToServe = 'A command shows itself with --control, a host app with serveControl(runtime).';
