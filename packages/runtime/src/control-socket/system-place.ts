import { controlFolder } from './control-folder.ts';
import { controlPipes } from './control-pipes.ts';
import type { ControlPlace } from './control-place.ts';

/** `directory`: default `$XDG_RUNTIME_DIR/capstan`, else `<tmpdir>/capstan-<uid>`. Windows has no use for it. */
export function systemPlace(directory: string | undefined): ControlPlace {
  return process.platform === 'win32' ? controlPipes() : controlFolder(directory);
}
