import { processOf } from './control-name.ts';
import { isListening } from './is-listening.ts';
import { systemPlace } from './system-place.ts';

export interface ListControlledOptions {
  /** Default: as for `serveControl`. */
  readonly directory?: string;
}

/** A running runtime that serves a control socket. */
export interface ControlledRuntime {
  /** As `ControlServer` has it: the process id, and for its second runtime `-2`. */
  readonly name: string;
  readonly pid: number;
  /** For `connectControl`. */
  readonly address: string;
}

/** The runtimes of this user's processes that serve control sockets, by name. Rejects with `FORBIDDEN` where the folder is not safe. */
export async function listControlled({ directory }: ListControlledOptions = {}): Promise<readonly ControlledRuntime[]> {
  const place = systemPlace(directory);
  const found = await Promise.all(
    (await place.names()).map(async (name) => {
      const address = place.addressOf(name);
      const pid = processOf(name);
      return pid !== undefined && (await isListening(address)) ? [{ name, pid, address }] : [];
    }),
  );
  return found.flat().toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}
