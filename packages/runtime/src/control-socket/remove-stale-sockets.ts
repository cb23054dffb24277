import { processOf } from './control-name.ts';
import type { ControlPlace } from './control-place.ts';
import { isListening } from './is-listening.ts';

/**
 * Takes away the sockets of processes that died without doing so. A live process keeps its own, answering or not: only an earlier
 * process that had our id cannot be alive.
 */
export async function removeStaleSockets(place: ControlPlace): Promise<void> {
  const names = await place.names();
  await Promise.all(
    names.map(async (name) => {
      const pid = processOf(name);
      if (pid === undefined || (pid !== process.pid && isAlive(pid))) return;
      // It may live where its ids are others than here: in another container that shares the folder.
      if (!(await isListening(place.addressOf(name)))) place.remove(name);
    }),
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
