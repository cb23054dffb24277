import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that a control socket accepts, gone with its owner. */
export function controlFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'capstan-control-'));
  chmodSync(path, 0o700);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
