/** Removes from each package's `dist` what no source stands behind any more: the compiler only ever adds. */
import { existsSync, globSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

for (const output of globSync('{packages,examples}/*/dist/**/*.{js,d.ts,js.map,d.ts.map}', { cwd: root })) {
  const source = output.replace(/([\\/])dist[\\/]/, '$1src$1').replace(/(?:\.d\.ts|\.js)(?:\.map)?$/, '.ts');
  if (!existsSync(join(root, source))) rmSync(join(root, output), { force: true });
}
